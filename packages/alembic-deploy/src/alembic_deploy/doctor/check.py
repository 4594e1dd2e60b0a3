"""What the checks of the doctor share: their ids, what they must know, and how they read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection

from alembic_deploy.advisory_lock import VersionTable
from alembic_deploy.finding import Finding
from alembic_deploy.revisions import RevisionGraph

IDS = (
    *("unknown-revision", "redundant-revision", "no-revision", "backfill-unfinished"),
    *("schema-writable", "planted-object"),
    *("rls-off", "rls-without-policy"),
    *("invalid-index", "constraint-not-valid", "trigger-disabled", "foreign-key-disabled"),
    *("other-owner", "sequence-near-end"),
    *("app-login-missing", "app-login-unsafe", "app-login-no-member", "app-login-settings"),
    *("app-role-missing", "missing-grant", "createrole"),
    *("migration-running", "long-transaction", "idle-transaction", "prepared-transaction"),
    *("replication-slot", "not-checked"),
)
"""Of all findings, in the order of docs/reference/doctor.md."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Privileges that a role must have on a table."""

    role: str
    table: str
    """Qualified, and quoted where it must be: `public.tags`."""
    privileges: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """What the catalog cannot know: the project's roles, tables and history."""

    app_login: str | None = None
    """The application's login: must own nothing and must not bypass row-level security."""
    app_role: str | None = None
    """The role that has the application's privileges; the login is a member of it."""
    tenant_column: str | None = None
    """A table with this column belongs to tenants and must have row-level security."""
    grants: tuple[Grant, ...] = ()
    version_table: str = "alembic_version"
    """Quoted where it must be, qualified where it is."""
    lock: VersionTable = field(default_factory=VersionTable)
    """The version table to which the migration's lock belongs."""
    graph: RevisionGraph | None = None
    """The revisions that have a file; None where that is not known."""
    long_transaction_s: float = 60.0
    idle_transaction_s: float = 10.0
    retained_wal_bytes: int = 1024**3
    """What a replication slot may retain."""
    sequence_share: float = 0.8
    """The part of its numbers that a sequence may have given."""


Check = Callable[[Connection, Expectations], Iterator[Finding]]
"""Yields what one check finds; it only reads."""

USER_SCHEMA = "space.nspname !~ '^pg_' AND space.nspname <> 'information_schema'"
"""A condition: `space` is a row of pg_namespace, and not a schema of the system."""
OF_NO_EXTENSION = """NOT EXISTS (
    SELECT
    FROM pg_catalog.pg_depend AS member
    WHERE member.classid = CAST('pg_catalog.pg_class' AS regclass)
    AND member.objid = relation.oid
    AND member.deptype = 'e'
)"""
"""A condition: `relation` is a row of pg_class, and not a part of an extension."""

OWNED_OBJECTS = """
SELECT CAST('pg_catalog.pg_class' AS regclass) AS catalog, oid, relnamespace AS space, relowner AS owner
FROM pg_catalog.pg_class
WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
UNION ALL
SELECT CAST('pg_catalog.pg_proc' AS regclass), oid, pronamespace, proowner
FROM pg_catalog.pg_proc
UNION ALL
SELECT CAST('pg_catalog.pg_type' AS regclass), type.oid, type.typnamespace, type.typowner
FROM pg_catalog.pg_type AS type
LEFT JOIN pg_catalog.pg_class AS class ON class.oid = type.typrelid
WHERE type.typtype IN ('d', 'e', 'r') OR class.relkind = 'c'"""
"""A query of the objects that a role may own: tables, views, sequences, functions, types."""
HAS_ITS_OWN_OWNER = """NOT EXISTS (
    SELECT
    FROM pg_catalog.pg_depend AS member
    WHERE member.classid = owned.catalog
    AND member.objid = owned.oid
    AND (member.deptype = 'e' OR (member.deptype IN ('a', 'i') AND member.refobjsubid > 0))
)"""
"""A condition: `owned` is a row of OWNED_OBJECTS, not a part of an extension or a column's sequence."""


def rows(connection: Connection, sql: str, **values: Any) -> list[Any]:
    """Return the rows of a query with named parameters."""
    return list(connection.execute(text(sql), values))


def age_text(age_s: float) -> str:
    """Return the duration in the largest unit that it fills: `42 s`, `3 min`, `2 h`, `9 d`."""
    for unit, length_s in (("d", 86400), ("h", 3600), ("min", 60)):
        if age_s >= length_s:
            return f"{age_s / length_s:.0f} {unit}"
    return f"{age_s:.0f} s"
