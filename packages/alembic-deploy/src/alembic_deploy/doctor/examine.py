"""Run every check on a database, and print what they find."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Literal

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_deploy.doctor import history, roles, search_path, sessions, tables
from alembic_deploy.doctor.check import Check, Expectations
from alembic_deploy.finding import Finding
from alembic_deploy.server_message import server_message

Format = Literal["text", "json"]

CHECKS: tuple[Check, ...] = (
    *search_path.CHECKS,
    *history.CHECKS,
    *tables.CHECKS,
    *roles.CHECKS,
    *sessions.CHECKS,
)
"""In the order of the report."""

_BEGIN = """
SELECT pg_catalog.set_config('transaction_read_only', 'on', true),
       pg_catalog.set_config('statement_timeout', '10s', true)
"""
_BEGIN_SAFELY = f"""{_BEGIN.rstrip()},
       pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true)
"""
"""Whatever others have planted, a check calls nothing of it."""
_QUALIFIED = """
SELECT pg_catalog.format('%I.%I', space.nspname, relation.relname)
FROM pg_catalog.pg_class AS relation
JOIN pg_catalog.pg_namespace AS space ON space.oid = relation.relnamespace
WHERE relation.oid = pg_catalog.to_regclass(:name)
"""
_FIRST_SCHEMA = "SELECT pg_catalog.quote_ident(pg_catalog.current_schema())"


def examine(
    connection: Connection,
    *,
    expected: Expectations | None = None,
    checks: Iterable[Check] = CHECKS,
) -> tuple[Finding, ...]:
    """Return what is wrong with the connection's database; empty where nothing is.

        run_on(url, lambda connection: examine(connection))

    Each check has a read-only transaction of its own, so that one which this login may not make
    hides no other: it is a finding itself. No transaction may be open, and none is left open.

    Locks: ACCESS SHARE on system catalogs and the version table.
    """
    known = _qualified(connection, expected or Expectations())
    return tuple(one for check in checks for one in _made(check, connection, known))


def _qualified(connection: Connection, expected: Expectations) -> Expectations:
    """Return the expectations with the schema of the version table, also of one that is missing."""
    name = expected.version_table
    qualified = connection.execute(text(_QUALIFIED), {"name": name}).scalar()
    if qualified is None and "." not in name:
        qualified = f"{connection.execute(text(_FIRST_SCHEMA)).scalar() or 'public'}.{name}"
    connection.rollback()
    return replace(expected, version_table=qualified or name)


def _made(check: Check, connection: Connection, expected: Expectations) -> tuple[Finding, ...]:
    try:
        is_of_path = check in search_path.CHECKS
        connection.execute(text(_BEGIN if is_of_path else _BEGIN_SAFELY))
        return tuple(check(connection, expected))
    except DBAPIError as error:
        message = server_message(error)
        if message is None or message.is_connection_lost:
            raise
        name = check.__name__.replace("_", " ")
        failed = Finding(
            id="not-checked",
            what=f"the check of {name} failed: {message.one_line}",
            todo="run the command as the owner of the tables, or as a member of pg_monitor",
        )
        return (failed,)
    finally:
        connection.rollback()


def render(found: tuple[Finding, ...], *, database: str, output: Format = "text") -> str:
    """Return the report for a terminal, or one JSON document.

    :param database: The database in words, for the headline.
    """
    if output == "json":
        document = {"database": database, "findings": [asdict(one) for one in found]}
        return json.dumps(document, indent=2)
    if not found:
        return f"nothing is wrong with {database}"
    things = "1 thing is" if len(found) == 1 else f"{len(found)} things are"
    return "\n\n".join((f"{things} wrong with {database}", *map(str, found)))
