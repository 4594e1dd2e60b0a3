"""Scratch databases: throwaway ones, and the server that has them by default."""

from __future__ import annotations

import logging
import os
import platform
import re
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, TypeVar
from zlib import crc32

from local_postgres.client import Execute, quote_identifier
from local_postgres.cluster import SCRATCH_CLUSTER
from local_postgres.download import cache_directory
from local_postgres.errors import DatabaseError, LocalPostgresError, SqlError
from local_postgres.own_files import own_path, refuse_foreign, write_own
from local_postgres.postmaster import is_alive
from local_postgres.roles import drop_roles, ensure_role, lock_roles, ordinary_role_names
from local_postgres.server import LocalServer, RunningServer, start

T = TypeVar("T")

PREFIX = "alembic_proof_"
_LOG = logging.getLogger(__name__)
_OWNER = "alembic_proof"
_PASSWORD_FILE = "password"  # noqa: S105  the name of a file
# Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
_OBJECT_IN_USE = "55006"
_INSUFFICIENT_PRIVILEGE = "42501"
_TIMESTAMP = "%Y%m%dt%H%M%S"
_NAME = re.compile(PREFIX + r"(\d{8}t\d{6})_([0-9a-f]{4})[0-9a-f]{4}(?:_(\d+))?(?:_\w*)?")
"""When it was created, in which process-number space, and by which process."""
_ABANDONED_AFTER = timedelta(hours=1)
_ABANDONED = f"""SELECT d.datname FROM pg_catalog.pg_database AS d
WHERE pg_catalog.starts_with(d.datname, '{PREFIX}')
  AND pg_catalog.pg_has_role(d.datdba, 'USAGE')
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_activity AS a WHERE a.datid = d.oid)
ORDER BY d.datname"""
_ALL = f"""SELECT d.datname FROM pg_catalog.pg_database AS d
WHERE pg_catalog.starts_with(d.datname, '{PREFIX}')
ORDER BY d.datname"""
_SUBSCRIPTIONS = """SELECT subname FROM pg_catalog.pg_subscription
WHERE subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"""


class Server(Protocol):
    """A server for scratch databases, seen as one login that may create databases."""

    def url(self, database: str) -> str:
        """Return the URL of a database for that login."""
        ...

    def run(self, work: Callable[[Execute], T], *, database: str | None = None) -> T:
        """Return what `work` returns; it runs statements in a session of its own.

        :param database: By default the one that the login connects to in order to create others.
        """
        ...


@dataclass(frozen=True, slots=True)
class ScratchServer:
    """Our own server for scratch databases, as an ordinary role that may create them."""

    running: RunningServer
    password: str | None = field(default=None, repr=False)
    """Of the loopback address; None where the socket is used."""

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database for the ordinary role."""
        if self.password is None:
            return self.running.url(database, _OWNER)
        return self.running.tcp_url(database, _OWNER, password=self.password)

    def run(self, work: Callable[[Execute], T], *, database: str | None = None) -> T:
        """Return what `work` returns; it runs statements as the ordinary role."""
        with self.running.connect(database or "postgres", _OWNER) as execute:
            return work(execute)


def default_state(environ: Mapping[str, str]) -> Path:
    """Return the directory of the scratch servers of projects that name none: in the user's cache."""
    return cache_directory(environ).parent / "servers"


def tcp_server(state: Path) -> LocalServer:
    """Return the scratch server that listens on TCP; it is another one, with data of its own."""
    return LocalServer(state / "tcp", durable=False, is_tcp=True)


def scratch_server(
    environ: Mapping[str, str], *, state: Path, is_tcp: bool = False
) -> ScratchServer:
    """Return our own server for scratch databases, started if it is not running.

    A crash of the machine may damage its data, which is then created again. Its role may end other
    sessions, so that a database can be dropped while others use it. With `is_tcp` its URLs name a
    host, a port and a password, since every user of the machine can reach them.

    :raises SettingsError: An environment variable that cannot be used.
    :raises ServerError: The server cannot be fetched or started.
    """
    refuse_foreign([own_path(state)])
    running = start(tcp_server(state) if is_tcp else LocalServer(state, durable=False), environ)
    with running.connect() as execute:
        options = "LOGIN CREATEDB CREATEROLE IN ROLE pg_signal_backend"
        ensure_role(execute, _OWNER, options=options)
        password = _ensure_password(execute, running.data.parent) if is_tcp else None
    return ScratchServer(running, password)


@contextmanager
def scratch_database(
    server: Server, *, template: str | None = None, label: str = ""
) -> Iterator[str]:
    """Create a database, yield its URL, and drop it at the end, open sessions included.

        with scratch_database(scratch_server(os.environ, state=Path(".postgres"))) as url:
            ...

    Databases that killed runs left behind more than an hour ago are dropped first.

    :param template: The database of the server to copy; without it the new one is empty.
    :param label: A word for its name, so that a list of databases can be read.
    :raises DatabaseError: The login may not create databases, or the template is in use.
    """
    with renewable_database(server, template=template, label=label) as renew:
        yield renew()


class Renew(Protocol):
    """Creates a database, always of one URL: it drops the one before."""

    def __call__(self, template: str | None = None, /) -> str:
        """Return the URL.

        :param template: The database of the server to copy, instead of the usual one.
        """
        ...


@contextmanager
def renewable_database(
    server: Server, *, template: str | None = None, label: str = ""
) -> Iterator[Renew]:
    """Yield a function that creates a database, always of one URL: it drops the one before.

    Code that reads its URL only once, when it is imported, finds each of them. The last one is
    dropped at the end, open sessions included.
    """
    usual, name, is_made = template, _name(label), False

    def renew(template: str | None = None, /) -> str:
        nonlocal is_made

        def create(execute: Execute) -> None:
            drop_abandoned(execute)
            _create(execute, name, template=template or usual)

        if is_made:
            _drop(server, name)
        is_made = True
        server.run(create)
        return server.url(name)

    try:
        yield renew
    finally:
        if is_made:
            _drop(server, name)


def drop_abandoned(execute: Execute) -> None:
    """Drop scratch databases that are older than an hour and that nobody is connected to."""
    oldest = datetime.now(UTC) - _ABANDONED_AFTER
    for name in _names(execute, _ABANDONED):
        if _is_older(name, oldest):
            _try_to_drop(execute, name)


def drop_of_dead_processes(execute: Execute) -> frozenset[str]:
    """Drop the scratch databases of this machine's processes that have ended; return the others.

    A backend of such a process may still work on its last statement: it is ended.
    """
    names = _names(execute, _ALL)
    dead = {name for name in names if _is_of_dead_process(name)}
    for name in sorted(dead):
        _try_to_drop(execute, name, options=" WITH (FORCE)")
    return frozenset(names) - dead


def drop_created_roles(execute: Execute, names: Collection[str], *, database: str) -> None:
    """Drop these roles, except roles that own objects or have privileges.

    None is dropped while another scratch database than `database` is in use: work there may be about
    to use them.
    """
    others = f"""SELECT 1 FROM pg_catalog.pg_stat_activity
WHERE pg_catalog.starts_with(datname, '{PREFIX}') AND datname <> '{database}'
    AND backend_type = 'client backend'"""
    if names and not execute(others):
        drop_roles(execute, names)


def drop_leftover_roles(execute: Execute, *, keep: Collection[str], database: str = "") -> None:
    """Drop every role that earlier runs left on a scratch server of our own; other servers keep all.

    Databases of killed processes are dropped first: a role with privileges in one cannot be dropped.
    Nothing is dropped while a living process has another scratch database than `database`.
    """
    if not _is_own_server(execute):
        return
    lock_roles(execute)
    if not drop_of_dead_processes(execute) - {database}:
        drop_roles(execute, ordinary_role_names(execute) - set(keep))


def _ensure_password(execute: Execute, directory: Path) -> str:
    """Return the owner's password, made at random by the first process that asks.

    It is kept in a file of mode 0600 beside the data.
    """
    lock_roles(execute)
    path = directory / _PASSWORD_FILE
    has_one = f"SELECT 1 FROM pg_catalog.pg_authid WHERE rolname = '{_OWNER}' AND rolpassword <> ''"
    if path.exists() and execute(has_one):
        return path.read_text(encoding="ascii")
    password = secrets.token_urlsafe(24)
    write_own(path, password, mode=0o600)
    execute("SET synchronous_commit = on")  # a server that is killed must agree with the file
    execute(f"ALTER ROLE {quote_identifier(_OWNER)} PASSWORD '{password}'")
    return password


def _create(execute: Execute, name: str, *, template: str | None) -> None:
    source = quote_identifier(template) if template else "template0 ENCODING 'UTF8'"
    try:
        execute(f"CREATE DATABASE {name} TEMPLATE {source}{_strategy(execute)}")
    except SqlError as error:
        ((role,),) = execute("SELECT current_user::text")
        todo = {
            _INSUFFICIENT_PRIVILEGE: f"allow it: ALTER ROLE {role} CREATEDB",
            _OBJECT_IN_USE: f"end the sessions in {template}",
        }
        raise DatabaseError(
            f"a scratch database could not be created ({error})",
            where=f"role {role}",
            todo=todo.get(error.sqlstate, "check the server that scratch databases are created on"),
        ) from error


def _strategy(execute: Execute) -> str:
    """Return the options to copy the template's files, which takes half of the time, on our own server.

    A copy of files forces two checkpoints: they are cheap only without fsync and other databases.
    Source: https://www.postgresql.org/docs/current/sql-createdatabase.html
    """
    return " STRATEGY file_copy" if _is_own_server(execute) else ""


def _is_own_server(execute: Execute) -> bool:
    return execute("SHOW cluster_name") == ((SCRATCH_CLUSTER,),)


def _drop(server: Server, name: str) -> None:
    """Drop the database; one that cannot be dropped now is dropped by a later run.

    Source: https://www.postgresql.org/docs/current/sql-dropdatabase.html
    """

    def drop(execute: Execute) -> None:
        execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    try:
        try:
            server.run(drop)
        except SqlError as error:
            if error.sqlstate != _OBJECT_IN_USE:
                raise
            server.run(_drop_subscriptions, database=name)
            server.run(drop)
    except LocalPostgresError as error:
        _LOG.warning("The scratch database %s is not dropped now: %s", name, error)


def _drop_subscriptions(execute: Execute) -> None:
    """Drop the subscriptions of the session's database, which cannot be dropped while it has any.

    The publisher keeps the replication slot: without SET (slot_name = NONE) it would have to answer.
    Source: https://www.postgresql.org/docs/current/sql-dropsubscription.html
    """
    for name in _names(execute, _SUBSCRIPTIONS):
        subscription = f"SUBSCRIPTION {quote_identifier(name)}"
        execute(f"ALTER {subscription} DISABLE")
        execute(f"ALTER {subscription} SET (slot_name = NONE)")
        execute(f"DROP {subscription}")


def _try_to_drop(execute: Execute, name: str, *, options: str = "") -> None:
    try:
        execute(f"DROP DATABASE IF EXISTS {quote_identifier(name)}{options}")
    except SqlError as error:
        _LOG.info("The scratch database %s is not dropped: %s", name, error)


def _names(execute: Execute, query: str) -> tuple[str, ...]:
    return tuple(str(name) for (name,) in execute(query))


def _name(label: str) -> str:
    """Return a name that no other run has: when, by which process and what for."""
    timestamp = datetime.now(UTC).strftime(_TIMESTAMP)
    readable = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:16]
    unique = f"{_process_space()}{secrets.token_hex(2)}_{os.getpid()}"
    return f"{PREFIX}{timestamp}_{unique}" + (f"_{readable}" if readable else "")


def _process_space() -> str:
    """Return four digits for where this process has its number: each container has its own."""
    where = platform.node()
    with suppress(OSError):
        where = str(Path("/proc/self/ns/pid").readlink())
    return f"{crc32(where.encode()) & 0xFFFF:04x}"


def _is_of_dead_process(name: str) -> bool:
    match = _NAME.fullmatch(name)
    if match is None or match[3] is None or match[2] != _process_space():
        return False
    return not is_alive(int(match[3]))


def _is_older(name: str, moment: datetime) -> bool:
    match = _NAME.fullmatch(name)
    if match is None:
        return False
    try:
        return datetime.strptime(match[1], _TIMESTAMP).replace(tzinfo=UTC) < moment
    except ValueError:
        return False
