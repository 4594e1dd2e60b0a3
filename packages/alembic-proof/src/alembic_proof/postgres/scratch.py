"""Throwaway databases, and the forgetful server that has them by default."""

from __future__ import annotations

import logging
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy
from sqlalchemy.exc import DBAPIError

from alembic_proof.errors import DatabaseError, ProofError
from alembic_proof.postgres._roles import ensure_role, hold_roles, quote
from alembic_proof.postgres._subscriptions import drop_subscriptions
from alembic_proof.postgres._sweep import PREFIX, STAMP, numbering, sweep
from alembic_proof.postgres.connect import engines_noted, run_on
from alembic_proof.postgres.server import LocalServer, start
from alembic_proof.postgres.sqlstate import sqlstate_of
from alembic_proof.postgres.url import DatabaseUrl

_LOG = logging.getLogger(__name__)
_OWNER = "alembic_proof"
_PASSWORD_FILE = "password"  # noqa: S105  the name of a file
_OBJECT_IN_USE = "55006"
_INSUFFICIENT_PRIVILEGE = "42501"
_LOGIN = """SELECT r.rolname, r.rolsuper, r.rolbypassrls FROM pg_catalog.pg_roles AS r
WHERE r.rolname = current_user"""
_RESERVED = "42939"


def tcp_server(state: Path) -> LocalServer:
    """Return the scratch server that listens on TCP; it is another one, with data of its own."""
    return LocalServer(state / "tcp", durable=False, is_tcp=True)


def scratch_server(environ: Mapping[str, str], *, state: Path, is_tcp: bool = False) -> str:
    """The URL of a server for scratch databases, as an ordinary role that may create them.

    The server forgets everything in a crash. The role may end other sessions, so that a database
    can be dropped under somebody's feet. With `is_tcp` the URL names a host and a port, and a password:
    every user of the machine reaches them.

    Raises:
        ConfigError: a variable names what cannot be used.
        ServerError: the server cannot be had or started.
    """
    server = tcp_server(state) if is_tcp else LocalServer(state, durable=False)
    running = start(server, environ)

    def ensure(connection: sqlalchemy.Connection) -> str:
        ensure_role(
            connection, _OWNER, options="LOGIN CREATEDB CREATEROLE IN ROLE pg_signal_backend"
        )
        return _password(connection, running.data.parent) if is_tcp else ""

    password = run_on(running.url("postgres"), ensure, autocommit=True)
    if is_tcp:
        return running.tcp_url("postgres", _OWNER, password=password)
    return running.url("postgres", _OWNER)


def _password(connection: sqlalchemy.Connection, directory: Path) -> str:
    """Return the owner's password, made at random by whoever comes first.

    It is kept in a file beside the data, which nobody else may read.
    """
    hold_roles(connection)
    path = directory / _PASSWORD_FILE
    query = sqlalchemy.text("SELECT rolpassword FROM pg_catalog.pg_authid WHERE rolname = :name")
    if path.exists() and connection.execute(query, {"name": _OWNER}).scalar() is not None:
        return path.read_text(encoding="ascii")
    password = secrets.token_urlsafe(24)
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(password)
    unfinished.replace(path)
    # A server that is killed must not forget what the file says.
    connection.exec_driver_sql("SET synchronous_commit = on")
    connection.exec_driver_sql(f"ALTER ROLE {quote(connection, _OWNER)} PASSWORD '{password}'")
    return password


def privileged_login(server_url: str) -> str:
    """Return `the role X is a superuser` (or `has BYPASSRLS`); empty for an ordinary role.

    Raises:
        ServerError: no connection.
    """

    def read(connection: sqlalchemy.Connection) -> str:
        name, is_superuser, is_bypassing = connection.exec_driver_sql(_LOGIN).one()
        what = "is a superuser" if is_superuser else "has BYPASSRLS" if is_bypassing else ""
        return f"the role {name} {what}" if what else ""

    return run_on(server_url, read)


def ensure_roles(server_url: str, names: tuple[str, ...]) -> None:
    """Make the roles that are missing, as members that the login may act as; they stay.

    No other run drops one while this run has a scratch database: it has to be there before.

    Raises:
        DatabaseError: one is missing, and the login may not make it.
    """

    def ensure(connection: sqlalchemy.Connection) -> None:
        hold_roles(connection)
        for name in names:
            try:
                ensure_role(connection, name, options="NOLOGIN ROLE CURRENT_USER")
            except DBAPIError as error:
                raise _no_role(error, connection, name) from error

    if names:
        run_on(server_url, ensure, autocommit=True)


def _no_role(error: DBAPIError, connection: sqlalchemy.Connection, name: str) -> DatabaseError:
    if sqlstate_of(error) == _RESERVED:
        what = f"PostgreSQL keeps the name {name} for itself"
        return DatabaseError(
            what, where="roles", todo="leave it out, or rename it: pg_ is PostgreSQL's"
        )
    login = connection.exec_driver_sql("SELECT current_user").scalar_one()
    return DatabaseError(
        f"the role {name} is missing and could not be made ({_said(error)})",
        where=f"role {login}",
        todo=f"make it by hand, or give the right: ALTER ROLE {login} CREATEROLE",
    )


def _said(error: DBAPIError) -> str:
    return f"{str(error.orig).splitlines()[0]}; SQLSTATE {sqlstate_of(error)}"


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
    with renewable_database(server_url, template=template, label=label) as renew:
        yield renew()


@contextmanager
def renewable_database(
    server_url: str, *, template: str | None = None, label: str = ""
) -> Iterator[Callable[[], str]]:
    """Makes a fresh database at each call, always of one URL: the one before is dropped.

    A project that reads its URL once, when it is imported, finds each of them. The last one is
    dropped at the end, whoever is connected.
    """
    name, url = _name(label), DatabaseUrl.parse(server_url)
    made: list[str] = []

    def create(connection: sqlalchemy.Connection) -> None:
        sweep(connection)
        _create(connection, name, template=template)

    def renew() -> str:
        if made:
            close_pools()
            _drop(server_url, name)
        made.append(name)
        run_on(server_url, create, autocommit=True)
        return url.with_database(name).text

    try:
        with engines_noted() as close_pools:
            yield renew
    finally:
        if made:
            _drop(server_url, name)


def _name(label: str) -> str:
    """A name that no other run has, that says when it was made, by which process and what for."""
    stamp = datetime.now(UTC).strftime(STAMP)
    readable = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:16]
    unique = f"{numbering()}{secrets.token_hex(2)}_{os.getpid()}"
    return f"{PREFIX}{stamp}_{unique}" + (f"_{readable}" if readable else "")


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
    return DatabaseError(
        f"a scratch database could not be created ({_said(error)})",
        where=f"role {role}",
        todo=todo.get(sqlstate_of(error), "check the server that scratch databases are made on"),
    )


def _drop(server_url: str, name: str) -> None:
    """Drop the database; one that cannot be dropped is left to a later sweep.

    Source: https://www.postgresql.org/docs/current/sql-dropdatabase.html
    """

    def drop(connection: sqlalchemy.Connection) -> None:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    try:
        try:
            run_on(server_url, drop, autocommit=True)
        except DBAPIError as error:
            if sqlstate_of(error) != _OBJECT_IN_USE:
                raise
            drop_subscriptions(DatabaseUrl.parse(server_url).with_database(name).text)
            run_on(server_url, drop, autocommit=True)
    except (DBAPIError, ProofError) as error:
        _LOG.warning("The scratch database %s stays for now: %s", name, error)
