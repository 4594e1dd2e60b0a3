"""Throwaway databases, and the forgetful server that has them by default."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy
from sqlalchemy.exc import DBAPIError

from alembic_proof.errors import DatabaseError, ProofError
from alembic_proof.postgres._roles import ensure_role, quote, sqlstate_of
from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.server import LocalServer, start
from alembic_proof.postgres.url import DatabaseUrl

_LOG = logging.getLogger(__name__)
_PREFIX = "alembic_proof_"
_STAMP = "%Y%m%dt%H%M%S"
_NAME = re.compile(_PREFIX + r"(\d{8}t\d{6})_[0-9a-f]{8}\w*")
_LEFT_BEHIND_AFTER = timedelta(hours=1)
_OBJECT_IN_USE = "55006"
_INSUFFICIENT_PRIVILEGE = "42501"
_LEFTOVERS = """
SELECT d.datname
FROM pg_catalog.pg_database AS d
WHERE starts_with(d.datname, 'alembic_proof_')
  AND pg_catalog.pg_has_role(d.datdba, 'USAGE')
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_activity AS a WHERE a.datid = d.oid)
ORDER BY d.datname
"""


def scratch_server(environ: Mapping[str, str], *, state: Path, owner: str = "alembic_proof") -> str:
    """The URL of a server for scratch databases, as an ordinary role that may create them.

    The server forgets everything in a crash. The role may end other sessions, so that a database
    can be dropped under somebody's feet.

    Raises:
        ConfigError: a variable names what cannot be used.
        ServerError: the server cannot be had or started.
    """
    running = start(LocalServer(state, durable=False), environ)

    def ensure(connection: sqlalchemy.Connection) -> None:
        ensure_role(
            connection, owner, options="LOGIN CREATEDB CREATEROLE IN ROLE pg_signal_backend"
        )

    run_on(running.url("postgres"), ensure, autocommit=True)
    return running.url("postgres", owner)


@contextmanager
def scratch_database(
    server_url: str, *, template: str | None = None, label: str = ""
) -> Iterator[str]:
    """The URL of a fresh database, dropped at the end whoever is connected.

    It is empty, or a copy of the database `template` on the same server. What killed runs left
    behind more than an hour ago is dropped on the way.

    Raises:
        ConfigError: the URL cannot be used.
        ServerError: no connection.
        DatabaseError: the role may not create databases, or the template is in use.
    """
    name = _name(label)

    def create(connection: sqlalchemy.Connection) -> None:
        _sweep(connection)
        _create(connection, name, template=template)

    run_on(server_url, create, autocommit=True)
    try:
        yield DatabaseUrl.parse(server_url).with_database(name).text
    finally:
        _drop(server_url, name)


def _name(label: str) -> str:
    """A name that no other run has, that says when it was made and what for."""
    stamp = datetime.now(UTC).strftime(_STAMP)
    readable = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:20]
    return f"{_PREFIX}{stamp}_{secrets.token_hex(4)}" + (f"_{readable}" if readable else "")


def _create(connection: sqlalchemy.Connection, name: str, *, template: str | None) -> None:
    source = quote(connection, template) if template else "template0 ENCODING 'UTF8'"
    try:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {source}")
    except DBAPIError as error:
        raise _not_created(error, connection, template) from error


def _not_created(
    error: DBAPIError, connection: sqlalchemy.Connection, template: str | None
) -> DatabaseError:
    role = connection.exec_driver_sql("SELECT current_user").scalar_one()
    todo = {
        _INSUFFICIENT_PRIVILEGE: f"give the role the right: ALTER ROLE {role} CREATEDB",
        _OBJECT_IN_USE: f"end the connections to {template}",
    }
    state = sqlstate_of(error)
    said = str(error.orig).splitlines()[0]
    return DatabaseError(
        f"a scratch database could not be created ({said}; SQLSTATE {state})",
        where=f"role {role}",
        todo=todo.get(state, "check the server that scratch databases are made on"),
    )


def _drop(server_url: str, name: str) -> None:
    """Drop the database; one that cannot be dropped is left to a later sweep.

    Source: https://www.postgresql.org/docs/current/sql-dropdatabase.html
    """

    def drop(connection: sqlalchemy.Connection) -> None:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    try:
        run_on(server_url, drop, autocommit=True)
    except (DBAPIError, ProofError) as error:
        _LOG.warning("The scratch database %s stays for now: %s", name, error)


def _sweep(connection: sqlalchemy.Connection) -> None:
    """Drop what killed runs left behind, unless it is young or somebody is connected."""
    oldest = datetime.now(UTC) - _LEFT_BEHIND_AFTER
    for name in connection.exec_driver_sql(_LEFTOVERS).scalars().all():
        if not _is_older(name, oldest):
            continue
        try:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {quote(connection, name)}")
        except DBAPIError as error:
            _LOG.info("The scratch database %s is not swept: %s", name, error.orig)


def _is_older(name: str, moment: datetime) -> bool:
    match = _NAME.fullmatch(name)
    if match is None:
        return False
    try:
        return datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC) < moment
    except ValueError:
        return False
