"""A database as a proof compares it: its revisions, its owner and its catalog.

A live database is read in one read-only transaction. All settings end with that transaction: behind
a connection pooler a setting of the session would reach the next client.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_deploy.connect import run_on
from alembic_deploy.errors import DatabaseError
from alembic_deploy.server_message import server_message
from alembic_deploy.url import DatabaseUrl
from alembic_proof.catalog import Snapshot, read_snapshot
from alembic_proof.catalog.roles import Role
from alembic_proof.config import OLDEST_MAJOR
from alembic_proof.history.env_py import Environment
from alembic_proof.history.version_table import VersionTable, version_tables
from alembic_proof.sql import Sqlstate

T = TypeVar("T")

_TRY_AGAIN = "another session holds a lock, or the server is busy: try again"
_READ_ONLY = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_PATIENCE = """\
SELECT pg_catalog.set_config('statement_timeout', '60s', true),
       pg_catalog.set_config('lock_timeout', '2s', true),
       pg_catalog.set_config('idle_in_transaction_session_timeout', '60s', true),
       pg_catalog.set_config('application_name', 'alembic-proof drift', true)"""
_MAJOR = "SELECT pg_catalog.current_setting('server_version_num')::integer / 10000"
_ROLE = """\
SELECT r.rolname, pg_catalog.quote_ident(r.rolname) FROM pg_catalog.pg_roles AS r
WHERE r.rolname = :name"""
_SUPERUSER = """\
SELECT r.rolname, pg_catalog.quote_ident(r.rolname) FROM pg_catalog.pg_roles AS r
WHERE r.oid = 10"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseState:
    """The state of a database. Without a version table its owner is the login."""

    heads: tuple[str, ...] | None
    """The revisions that it is at, sorted; None without a version table."""
    owner: Role
    """The role that owns the version table, and so migrated the database."""
    superuser: Role
    """The role that created the cluster and owns the objects of initdb."""
    snapshot: Snapshot


def read_major(url: str) -> int:
    """Return the major version of the URL's server.

    :raises ConfigError: the URL cannot be used.
    :raises ServerError: no connection.
    """
    return _read_only(url, lambda connection: int(connection.execute(text(_MAJOR)).scalar_one()))


def refuse_old_server(major: int, *, url: str) -> None:
    """Raise for a server that is too old for its catalog to be read.

    :raises DatabaseError: it is older than `OLDEST_MAJOR`.
    """
    if major < OLDEST_MAJOR:
        raise DatabaseError(
            f"the live server is PostgreSQL {major}",
            where=DatabaseUrl.parse(url).display,
            todo=f"drift needs PostgreSQL {OLDEST_MAJOR} or newer",
        )


def read_state(url: str, *, environment: Environment, owner: str | None = None) -> DatabaseState:
    """Return the state of the URL's database. Nothing is written; locks are held briefly.

    :param owner: the role that migrated the database, if another one owns the version table.
    :raises ConfigError: the URL cannot be used.
    :raises ServerError: no connection.
    :raises DatabaseError: the login may not read the version table, a timeout passed, or the role
        `owner` does not exist.
    """
    return _read_only(url, lambda connection: _state(connection, environment, owner=owner))


def read_heads(url: str, *, environment: Environment) -> tuple[str, ...]:
    """Return the revisions that the URL's database is at, sorted; none without a version table.

    :raises ServerError: No connection.
    :raises DatabaseError: The login may not read the version table.
    """

    def read(connection: Connection) -> tuple[str, ...]:
        table = _version_table(connection, environment)
        return table.read(connection) if table else ()

    return _read_only(url, read)


def _state(connection: Connection, environment: Environment, *, owner: str | None) -> DatabaseState:
    table = _version_table(connection, environment)
    user = connection.execute(text("SELECT current_user")).scalar_one()
    return DatabaseState(
        heads=table.read(connection) if table else None,
        owner=_role(connection, owner or (table.owner if table else user)),
        superuser=Role(*connection.execute(text(_SUPERUSER)).one()),
        snapshot=read_snapshot(
            connection,
            version_table=environment.version_table,
            version_schema=environment.version_schema,
        ),
    )


def _version_table(connection: Connection, environment: Environment) -> VersionTable | None:
    found = version_tables(
        connection, name=environment.version_table, schema=environment.version_schema
    )
    return next(iter(found), None)


def _role(connection: Connection, name: str) -> Role:
    found = connection.execute(text(_ROLE), {"name": name}).one_or_none()
    if found is None:
        raise DatabaseError(f"the server has no role {name}", todo="correct --owner")
    return Role(*found)


def _read_only(url: str, read: Callable[[Connection], T]) -> T:
    """Return the result of `read`, called in a read-only transaction with timeouts."""

    def work(connection: Connection) -> T:
        connection.execute(text(_READ_ONLY))
        connection.execute(text(_PATIENCE))
        return read(connection)

    try:
        return run_on(url, work)
    except DBAPIError as error:
        message = server_message(error)
        is_late = message is not None and message.sqlstate in (
            Sqlstate.LOCK_NOT_AVAILABLE,
            Sqlstate.QUERY_CANCELED,
        )
        raise DatabaseError(
            f"the database cannot be read: {message.one_line if message else error.orig}",
            where=DatabaseUrl.parse(url).display,
            todo=_TRY_AGAIN if is_late else "let the login SELECT from the version table",
        ) from error
    except DatabaseError as error:
        if error.where:
            raise
        where = DatabaseUrl.parse(url).display
        raise DatabaseError(error.what, where=where, todo=error.todo) from error


def snapshot_of(url: str, *, environment: Environment) -> Snapshot:
    """Return the catalog of a scratch database with its dependencies, without the version table."""

    def read(connection: Connection) -> Snapshot:
        return read_snapshot(
            connection,
            version_table=environment.version_table,
            version_schema=environment.version_schema,
        )

    return run_on(url, read)
