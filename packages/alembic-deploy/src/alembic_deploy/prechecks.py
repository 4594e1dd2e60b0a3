"""Checks before the first step of an upgrade, so that no revision fails in the middle of several.

Each check is one function from the pending SQL and the database to findings. The revisions' Python code
runs once more for it, as it does for `--sql`; a revision whose SQL is not known before is not checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import Connection

from alembic_deploy.concurrently import is_concurrently, read_invalid_indexes
from alembic_deploy.definitions import relation_exists
from alembic_deploy.deployment import MigrationSession
from alembic_deploy.drift import index_names, read_differences
from alembic_deploy.errors import DatabaseError
from alembic_deploy.finding import Finding
from alembic_deploy.lock_holders import LockHolder, read_lock_holders, wait_for_long
from alembic_deploy.pending import (
    TouchedRelation,
    name_parts,
    pending_revisions,
    statements_of,
    touched_relations,
)
from alembic_deploy.progress import Progress
from alembic_deploy.session import ping
from alembic_deploy.statements import fold_identifier, identifiers, match_start

_PRIVILEGES = """\
SELECT pg_catalog.format('schema %I', nspname) AS object, 'CREATE' AS privilege
FROM pg_catalog.pg_namespace
WHERE nspname = ANY (
    SELECT coalesce(nullif(needed.name, ''), pg_catalog.current_schema())
    FROM pg_catalog.unnest(CAST(:schemas AS text[])) AS needed (name)
    UNION ALL
    SELECT coalesce(CAST(:version_schema AS text), pg_catalog.current_schema())
    WHERE pg_catalog.to_regclass(:version_table) IS NULL
)
AND NOT pg_catalog.has_schema_privilege(oid, 'CREATE')
UNION ALL
SELECT pg_catalog.concat('table ', pg_catalog.to_regclass(:version_table)), privilege
FROM pg_catalog.unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege
WHERE NOT pg_catalog.has_table_privilege(
    CAST(pg_catalog.to_regclass(:version_table) AS oid), privilege
)
ORDER BY 1, 2"""
_NOT_OWNED = """\
SELECT DISTINCT
       pg_catalog.format('%I.%I', space.nspname, relation.relname) AS name,
       pg_catalog.format('%I', pg_catalog.pg_get_userbyid(relation.relowner)) AS owner,
       pg_catalog.format('%I', current_user) AS login,
       CAST(CAST(coalesce(index.indrelid, relation.oid) AS regclass) AS text) AS owned
FROM ROWS FROM (
    pg_catalog.unnest(CAST(:names AS text[])), pg_catalog.unnest(CAST(:drops AS boolean[]))
) AS needed (name, is_drop)
JOIN pg_catalog.pg_class AS relation ON relation.oid = pg_catalog.to_regclass(needed.name)
JOIN pg_catalog.pg_namespace AS space ON space.oid = relation.relnamespace
LEFT JOIN pg_catalog.pg_index AS index ON index.indexrelid = relation.oid
WHERE NOT pg_catalog.pg_has_role(relation.relowner, 'USAGE')
AND NOT (needed.is_drop AND pg_catalog.pg_has_role(space.nspowner, 'USAGE'))
ORDER BY 1"""
"""A schema's owner may drop what is in it, and nothing else. Source: sql-droptable, sql-altertable."""
_OTHER_OWNER = """\
SELECT pg_catalog.format('%I', mine.rolname) AS login,
       pg_catalog.format('%I', owner.rolname) AS owner,
       CASE WHEN version.oid IS NULL THEN 'database' ELSE 'version table' END AS owned
FROM pg_catalog.pg_database AS here
JOIN pg_catalog.pg_roles AS mine ON mine.rolname = current_user
LEFT JOIN pg_catalog.pg_class AS version ON version.oid = pg_catalog.to_regclass(:version_table)
JOIN pg_catalog.pg_roles AS owner ON owner.oid = coalesce(version.relowner, here.datdba)
WHERE here.datname = pg_catalog.current_database()
AND owner.oid <> mine.oid
AND CASE
    WHEN version.oid IS NULL THEN mine.rolsuper AND NOT owner.rolsuper
    ELSE mine.rolsuper OR NOT pg_catalog.pg_has_role(owner.oid, 'USAGE')
END"""
"""On a new database, a login that is no superuser has got CREATE on purpose."""
_EXTENSIONS = """\
SELECT needed.name,
       coalesce(pg_catalog.bool_or(version.name IS NOT NULL), false) AS is_offered,
       coalesce(pg_catalog.bool_or(
           NOT version.superuser
           OR mine.rolsuper
           OR (version.trusted
               AND pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'))
       ), false) AS is_allowed
FROM pg_catalog.unnest(CAST(:names AS text[])) AS needed (name)
JOIN pg_catalog.pg_roles AS mine ON mine.rolname = current_user
LEFT JOIN pg_catalog.pg_available_extension_versions AS version
    ON version.name = CAST(needed.name AS name)
WHERE NOT EXISTS (
    SELECT FROM pg_catalog.pg_extension WHERE extname = CAST(needed.name AS name)
)
GROUP BY needed.name
ORDER BY needed.name"""
_CREATED = (
    "CREATE [ OR REPLACE ] [ UNLOGGED ] { TABLE | VIEW | MATERIALIZED VIEW | SEQUENCE | FUNCTION "
    "| PROCEDURE | TYPE | DOMAIN } [ IF NOT EXISTS ] name"
)
_RELATION = "{ TABLE | VIEW | MATERIALIZED VIEW | SEQUENCE | FOREIGN TABLE | INDEX }"
_OWNED = (
    f"ALTER {_RELATION} [ IF EXISTS ] [ ONLY ] relation",
    "CREATE [ UNIQUE ] INDEX [ CONCURRENTLY ] [ [ IF NOT EXISTS ] index ] ON [ ONLY ] relation",
    "{ CREATE | ALTER | DROP } POLICY [ IF EXISTS ] name ON relation",
    "DROP TRIGGER [ IF EXISTS ] name ON relation",
    "REFRESH MATERIALIZED VIEW [ CONCURRENTLY ] relation",
    f"COMMENT ON {_RELATION} relation",
)
"""Statements that only the relation's owner may execute. Source: the page of each."""
_DROPPED = f"DROP {_RELATION} [ CONCURRENTLY ] [ IF EXISTS ] relation"
_OTHER_ROLE = "SET [ { LOCAL | SESSION } ] { ROLE | SESSION AUTHORIZATION }"
_CHANGES_INDEX = "{ DROP INDEX | REINDEX | CREATE INDEX | CREATE UNIQUE INDEX }"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeFinding(Finding):
    """One thing that would stop or delay the upgrade."""

    is_blocking: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """What the checks look at: the statements to come, and what they touch."""

    statements: tuple[str, ...]
    relations: tuple[TouchedRelation, ...]
    version_table: str
    """As SQL, qualified where it has a schema of its own."""
    version_schema: str | None


Check = Callable[[Connection, Pending], Iterator[UpgradeFinding]]


def run_prechecks(
    session: MigrationSession, *, wait: bool, force: bool, drift_ini: Path | None = None
) -> None:
    """Check what is known before the first step; what does not stop the command is printed.

    :param wait: Wait for transactions that hold needed locks, for `retry_time` at most.
    :param force: Print also what would stop the command, and go on.
    :param drift_ini: The alembic.ini with which alembic-proof compares the database and its history;
        None for no comparison.
    :raises DatabaseError: Something would stop one of the revisions; nothing has run.
    """
    connection = session.connection
    statements = statements_of(pending_revisions(connection, session.steps.remaining))
    if not statements:
        return
    try:
        pending = _pending(session, statements)
        found = [one for check in CHECKS for one in check(connection, pending)]
        indexes = index_names(connection, (one.oid for one in pending.relations))
    finally:
        connection.rollback()
    if drift_ini is not None:
        found += _drift(session, pending, indexes, ini=drift_ini)
    found += _long_transactions(session, pending, wait=wait)
    _report(found, session.progress, force=force)


def _drift(
    session: MigrationSession, pending: Pending, indexes: tuple[str, ...], *, ini: Path
) -> Iterator[UpgradeFinding]:
    """Yield how the database differs from its history; it stops the upgrade where that is touched."""
    touched = (*(one.name for one in pending.relations), *indexes)
    while_waiting = partial(ping, session.connection)
    differences = read_differences(session.url, ini=ini, while_waiting=while_waiting)
    for one in differences:
        yield UpgradeFinding(
            id="drift",
            what=one.message,
            todo="make the database as its history says: `alembic-proof drift --sql`",
            is_blocking=one.is_of(touched),
        )


def _pending(session: MigrationSession, statements: tuple[str, ...]) -> Pending:
    migration, connection = session.migration, session.connection
    quote = connection.dialect.identifier_preparer.quote_identifier
    parts = (migration.version_table_schema, migration.version_table)
    return Pending(
        statements=statements,
        relations=touched_relations(connection, statements),
        version_table=".".join(quote(one) for one in parts if one),
        version_schema=migration.version_table_schema,
    )


def missing_privileges(connection: Connection, pending: Pending) -> Iterator[UpgradeFinding]:
    """Yield schemas in which this login may not CREATE, and relations that it does not own.

    Source: ddl-priv; the pages of the statements.
    """
    if any(match_start(one, _OTHER_ROLE) for one in pending.statements):
        return  # the statements that follow run with the privileges of another role
    created = (match_start(one, _CREATED) for one in pending.statements)
    parameters = {
        "schemas": [_schema_of(one["name"]) for one in created if one],
        "version_table": pending.version_table,
        "version_schema": pending.version_schema,
    }
    for row in connection.execute(text(_PRIVILEGES), parameters):
        yield UpgradeFinding(
            id="missing-privilege",
            what=f"this login lacks {row.privilege} on {row.object}",
            todo=f"GRANT {row.privilege} ON {row.object.upper().split()[0]} "
            f"{row.object.split(maxsplit=1)[1]} to it, or run the command as the owner",
        )
    yield from _not_owned(connection, pending)


def _not_owned(connection: Connection, pending: Pending) -> Iterator[UpgradeFinding]:
    """Yield the relations that only their owner may change or drop as the statements do."""
    matches = (
        (match_start(one, synopsis), synopsis == _DROPPED)
        for one in pending.statements
        for synopsis in (*_OWNED, _DROPPED)
    )
    needed = [
        (match["relation"], is_drop)
        for match, is_drop in matches
        if match and len(tuple(name_parts(match["relation"]))) < 3
    ]
    parameters = {"names": [name for name, _ in needed], "drops": [drop for _, drop in needed]}
    for row in connection.execute(text(_NOT_OWNED), parameters):
        yield UpgradeFinding(
            id="not-owner",
            what=f"this login does not own {row.name}, which belongs to {row.owner}",
            todo=f"let {row.owner} or an administrator execute ALTER TABLE {row.owned} OWNER TO "
            f"{row.login}; or run the command as {row.owner}, or as a member of that role",
        )


def other_owner(connection: Connection, pending: Pending) -> Iterator[UpgradeFinding]:
    """Yield that new objects would not belong to the role that owns what is there.

    The next revision, applied as that role, could not change them.
    """
    if any(match_start(one, _OTHER_ROLE) for one in pending.statements):
        return
    is_new = not relation_exists(connection, pending.version_table)
    if not is_new and not any(match_start(one, _CREATED) for one in pending.statements):
        return
    for row in connection.execute(text(_OTHER_OWNER), {"version_table": pending.version_table}):
        yield UpgradeFinding(
            id="other-owner",
            what=f"what the revisions create would belong to {row.login}, the login of this command, "
            f"and not to {row.owner}, who owns the {row.owned}",
            todo=f"use the URL of {row.owner}; --force, if {row.login} is meant to own it",
        )


def _schema_of(name: str) -> str:
    """Return the schema of a name, raw; empty for a name without one."""
    *schemas, _ = (fold_identifier(one) for one in name_parts(name))
    return schemas[-1] if schemas else ""


def missing_extensions(connection: Connection, pending: Pending) -> Iterator[UpgradeFinding]:
    """Yield extensions to be created that the server does not offer, or not to this login.

    Source: view-pg-available-extension-versions; sql-createextension.
    """
    created = (
        match_start(one, "CREATE EXTENSION [ IF NOT EXISTS ] name") for one in pending.statements
    )
    names = [fold_identifier(one["name"]) for one in created if one]
    if not names:
        return
    for row in connection.execute(text(_EXTENSIONS), {"names": names}):
        if not row.is_offered:
            yield UpgradeFinding(
                id="missing-extension",
                what=f"the server does not offer the extension {row.name}",
                todo="install it on the server: contrib's come with postgresql-contrib",
            )
        elif not row.is_allowed:
            yield UpgradeFinding(
                id="extension-not-allowed",
                what=f"this login may not create the extension {row.name}: PostgreSQL asks for a "
                "superuser, or, if the extension is trusted, for CREATE on the database",
                todo=f'let an administrator execute first: CREATE EXTENSION "{row.name}"',
                is_blocking=False,  # some providers allow it nevertheless
            )


def invalid_indexes(connection: Connection, pending: Pending) -> Iterator[UpgradeFinding]:
    """Yield INVALID indexes of touched tables, except those that the pending SQL drops or makes again.

    While a session builds an index of the table, its INVALID index is no leftover.
    """
    changing = (one for one in pending.statements if match_start(one, _CHANGES_INDEX))
    own = {name for one in changing for name in identifiers(one)}
    oids = {one.oid for one in pending.relations}
    for index in read_invalid_indexes(connection):
        is_leftover = not (index.is_partitioned or index.is_being_built or index.raw_name in own)
        if is_leftover and index.table_oid in oids:
            yield UpgradeFinding(
                id="invalid-index",
                what=f"the index {index.name} of {index.table_name} is INVALID, as a broken CONCURRENTLY "
                "statement leaves it",
                todo=f"REINDEX INDEX CONCURRENTLY {index.name}, or DROP INDEX CONCURRENTLY {index.name}",
            )


def prepared_transactions(connection: Connection, pending: Pending) -> Iterator[UpgradeFinding]:
    """Yield prepared transactions that hold needed locks: they never end by themselves.

    Source: sql-prepare-transaction.
    """
    for one in _holders(connection, pending):
        if gid := one.session.gid:
            yield UpgradeFinding(
                id="prepared-transaction",
                what=str(one),
                todo=f"let its owner execute ROLLBACK PREPARED {gid}, or COMMIT PREPARED {gid}",
            )


CHECKS: tuple[Check, ...] = (
    missing_privileges,
    other_owner,
    missing_extensions,
    invalid_indexes,
    prepared_transactions,
)


def _holders(connection: Connection, pending: Pending) -> tuple[LockHolder, ...]:
    return read_lock_holders(
        connection,
        pending.relations,
        waits_for_all=any(map(is_concurrently, pending.statements)),
    )


def _long_transactions(
    session: MigrationSession, pending: Pending, *, wait: bool
) -> tuple[UpgradeFinding, ...]:
    """Return the transactions that have held needed locks for long, after waiting for their end."""
    connection = session.connection

    def read() -> tuple[LockHolder, ...]:
        holders = _holders(connection, pending)
        connection.rollback()
        return tuple(one for one in holders if not one.session.gid)

    wait_s = session.limits.retry_time_ms / 1000 if wait else 0.0
    left = wait_for_long(read, wait_s=wait_s, print_line=session.progress.print_line)
    return tuple(
        UpgradeFinding(
            id="long-transaction",
            what=str(one),
            todo="wait for its end with --wait, or end it: "
            f"SELECT pg_terminate_backend({one.session.pid})",
            is_blocking=wait,
        )
        for one in left
    )


def _report(found: Iterable[UpgradeFinding], progress: Progress, *, force: bool) -> None:
    """Print what does not stop the command.

    :raises DatabaseError: Something does; has all of it.
    """
    blocking = tuple(one for one in found if one.is_blocking and not force)
    for one in found:
        if one not in blocking:
            progress.emit(one)
    if blocking:
        raise DatabaseError(
            "a check before the first revision failed: nothing has run\n"
            + "\n".join(line for one in blocking for line in one.lines()),
            todo="correct it and run the command again; --force goes on nevertheless",
        )
