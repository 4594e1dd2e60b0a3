"""The command `doctor`: run every check on a database, and print what they find."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, replace
from typing import Any, Literal

from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_deploy.advisory_lock import VersionTable
from alembic_deploy.deployment import ATTRIBUTE, Deployment, MigrationSession, Preparation
from alembic_deploy.doctor import history, roles, sessions, tables
from alembic_deploy.doctor.check import Check, Expectations
from alembic_deploy.errors import ConfigError
from alembic_deploy.finding import Finding
from alembic_deploy.process_exit import write_line
from alembic_deploy.revisions import graph_of
from alembic_deploy.search_path import planted_objects, writable_schemas
from alembic_deploy.server_message import server_message
from alembic_deploy.settings import EXPECTATIONS, TABLE, configured_directory, read_deploy_table

Format = Literal["text", "json"]

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

_NO_LOGIN = "not checked: the application's login, which no setting names; name it: --login NAME"


def writable_path(connection: Connection, _: Expectations) -> Iterator[Finding]:
    """Yield the schemas of the search_path in which others may create functions."""
    for one in writable_schemas(connection):
        yield Finding(
            id="schema-writable",
            what=f"{one.role} may create functions there, which the owner's SQL may call",
            where=f"schema {one.schema}",
            todo=one.revoke,
        )


def planted_path(connection: Connection, expected: Expectations) -> Iterator[Finding]:
    """Yield the objects of others that the owner's SQL could use instead of the intended ones."""
    # The name of the table alone: PostgreSQL finds it along the path.
    version_table = expected.version_table.rpartition(".")[2].strip('"')
    for one in planted_objects(connection, version_table=version_table):
        yield Finding(
            id="planted-object",
            what="another role owns what the owner's SQL may call with the owner's privileges",
            where=str(one),
            todo="look at it, then drop it, or give it to a role that you trust: ALTER … OWNER TO",
        )


PATH_CHECKS: tuple[Check, ...] = (writable_path, planted_path)
"""They look at the session's own search_path."""
CHECKS: tuple[Check, ...] = (
    *PATH_CHECKS,
    *history.CHECKS,
    *tables.CHECKS,
    *roles.CHECKS,
    *sessions.CHECKS,
)
"""In the order of the report."""


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
    return tuple(one for check in checks for one in _run_check(check, connection, known))


def _qualified(connection: Connection, expected: Expectations) -> Expectations:
    """Return the expectations with the schema of the version table, also of one that is missing."""
    name = expected.version_table
    qualified = connection.execute(text(_QUALIFIED), {"name": name}).scalar()
    if qualified is None and "." not in name:
        qualified = f"{connection.execute(text(_FIRST_SCHEMA)).scalar() or 'public'}.{name}"
    connection.rollback()
    return replace(expected, version_table=qualified or name)


def _run_check(check: Check, connection: Connection, expected: Expectations) -> tuple[Finding, ...]:
    try:
        connection.execute(text(_BEGIN if check in PATH_CHECKS else _BEGIN_SAFELY))
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


def configured_expectations(config: Config) -> Expectations:
    """Return what `[tool.alembic-deploy]` says of the project's roles and tenants.

    :raises ConfigError: A value that is not a name.
    """
    directory = configured_directory(config)
    if directory is None:
        return Expectations()
    table = read_deploy_table(directory)
    names: dict[str, Any] = {}
    for key in EXPECTATIONS:
        value = table.get(key)
        if value is not None and not (isinstance(value, str) and value):
            raise ConfigError(
                f"{key} in {TABLE} is not a name",
                where=str(directory.resolve() / "pyproject.toml"),
                todo=f'write it like this: {key} = "name"',
            )
        names[key] = value
    return Expectations(**names)


def run_doctor(
    config: Config,
    *,
    expected: Expectations | None = None,
    output: Format = "text",
    ignored: Collection[str] = (),
) -> int:
    """Print what is wrong with the project's database; return 1 if anything is, else 0.

    :param config: Of a project whose env.py calls run_env(), which finds the database.
    :param expected: What the project knows; its history is added.
    :param ignored: Ids of findings that are left out.
    :raises CommandError: The database, or the history, cannot be read.
    """
    reports: list[tuple[tuple[Finding, ...], str]] = []

    def work(session: MigrationSession) -> None:
        known = _with_history(expected or Expectations(), session)
        found = examine(session.connection, expected=known)
        kept = tuple(one for one in found if one.id not in ignored)
        report = render(kept, database=str(session.database), output=output)
        if output == "text" and known.app_role is not None and known.app_login is None:
            report += f"\n\n{_NO_LOGIN}"
        reports.append((kept, report))

    config.attributes[ATTRIBUTE] = Deployment(work=work, preparation=Preparation.NONE)
    command.current(config)
    if not reports:
        raise ConfigError(
            "env.py does not call run_env(), or gives it a connection",
            todo="let env.py call alembic_deploy.env.run_env() on a database that a URL names",
        )
    ((found, text),) = reports
    write_line(sys.stdout, text)
    return 1 if found else 0


def _with_history(expected: Expectations, session: MigrationSession) -> Expectations:
    """Return the expectations with the project's revisions and version table."""
    migration = session.migration
    quote = session.connection.dialect.identifier_preparer.quote
    names = (migration.version_table_schema, migration.version_table)
    table = ".".join(quote(name) for name in names if name)
    script = migration.script
    graph = graph_of(script) if script is not None else None
    lock = VersionTable.of(migration)
    return replace(expected, version_table=table, lock=lock, graph=graph)
