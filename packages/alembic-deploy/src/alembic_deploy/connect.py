"""Connections: open one for one piece of work, and explain why it failed."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import sqlalchemy
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from alembic_deploy.errors import ServerError, causes_of
from alembic_deploy.url import DatabaseUrl, refuse_missing_driver

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

T = TypeVar("T")


class RunInSession(Protocol):
    """Calls work with a session's connection."""

    def __call__(self, work: Callable[[Connection], T], /) -> T:
        """Call `work`, commit, and return what it returns."""
        ...


_DATABASE_INFO = """\
SELECT pg_catalog.current_database(),
       current_user,
       pg_catalog.split_part(pg_catalog.current_setting('server_version'), ' ', 1)"""

# Source: errcodes-appendix.
_BY_SQLSTATE = {
    "28P01": ("the password is wrong", "correct the password in the URL"),
    "28000": ("the server refuses this login", "check the user name and the server's pg_hba.conf"),
    "3D000": ("the database does not exist", "create it, or correct its name in the URL"),
    "42501": ("the login may not connect to this database", "GRANT CONNECT on it to the login"),
    "42704": ("the server does not know a setting of the URL", "correct the URL's parameters"),
    "22023": ("the server refuses a setting of the URL", "correct the URL's parameters"),
    "53300": ("the server has no connection left", "close other connections and try again"),
    "55000": ("the database accepts no connections", "allow connections to it, or name another"),
    "57P03": ("the server is starting up or shutting down", "try again in a moment"),
    "08P01": (
        "what answers there is no PostgreSQL, or a pooler that refuses",
        "check host and port, or the pooler's log",
    ),
}
_BROKEN = ("the connection broke while it was opened", "check the server's log")
_TEMPORARY_STATES = ("57P03", "08000", "08001", "08003", "08006")
"""cannot_connect_now, and connections that broke while they were opened."""
_TEMPORARY = re.compile(
    "refused|starting up|shutting down|recovery mode|No such file|closed the connection|timed? ?out"
    "|translate host name|resolve host|unreachable|No route"
)
"""What libpq says of a server that may answer in a moment: psycopg has no other sign of it."""
_PAUSE_S = 0.5
_SHORTEST_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerWait:
    """How long to wait for a server that starts, restarts or does not answer."""

    wait_s: float
    print_line: Callable[[str], None]
    """Called once, where there is something to wait for."""


def run_on(
    url: str,
    work: Callable[[Connection], T],
    *,
    autocommit: bool = False,
    wait: ServerWait | None = None,
) -> T:
    """Call `work` with a new connection, commit, and return what `work` returns.

        run_on(url, lambda connection: connection.exec_driver_sql("SELECT 1").scalar_one())

    What `work` raises rolls back and passes through. Not for callers inside of an event loop.

    :param autocommit: For statements that PostgreSQL refuses in a transaction, such as VACUUM.
    :param wait: None gives up at once. A server that refuses this login is never waited for.
    :raises ConfigError: The URL, or its driver, cannot be used.
    :raises ServerError: No connection; says why, without a password.
    """
    with open_session(url, autocommit=autocommit, wait=wait) as run:
        return run(work)


@contextmanager
def open_session(
    url: str, *, autocommit: bool = False, wait: ServerWait | None = None
) -> Iterator[RunInSession]:
    """Connect for the length of the block; yield a function that does with its work as `run_on` does.

    :raises ConfigError: As `run_on`.
    :raises ServerError: As `run_on`.
    """
    target = DatabaseUrl.parse(url)
    refuse_missing_driver(target.driver)
    if wait is not None:
        longest_s = max(wait.wait_s, _SHORTEST_TIMEOUT_S)
        target = replace(target, timeout_s=min(target.timeout_s or longest_s, longest_s))
    open_one = _open_async if target.driver == "asyncpg" else _open_sync
    with open_one(target, autocommit=autocommit, wait=wait) as run:
        yield run


def _connected(connect: Callable[[], T], target: DatabaseUrl, wait: ServerWait | None) -> T:
    """Return what `connect` opens, as soon as the server lets it.

    :raises ServerError: The server is not there in time, or refuses for good.
    """
    end_s = time.monotonic() + (wait.wait_s if wait is not None else 0)
    is_reported = False
    while True:
        try:
            with _explained(target):
                return connect()
        except ServerError as error:
            if wait is None or not error.is_temporary or time.monotonic() + _PAUSE_S > end_s:
                raise
            if not is_reported:
                wait.print_line(f"waiting for the server ({target.display}): {error.what}")
                is_reported = True
        time.sleep(_PAUSE_S)


@contextmanager
def _open_async(
    target: DatabaseUrl, *, autocommit: bool, wait: ServerWait | None
) -> Iterator[RunInSession]:
    from sqlalchemy.ext.asyncio import create_async_engine  # it imports the ORM: 0.1 s

    # With a loop_factory, this loop does not become the thread's current one: the project's code
    # may run other loops meanwhile.
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        engine = create_async_engine(
            target.engine_url, poolclass=NullPool, **target.engine_arguments()
        )
        try:
            connection = _connected(
                lambda: runner.run(_opened(engine, autocommit=autocommit)), target, wait
            )
            try:
                yield lambda work: runner.run(connection.run_sync(_committed, work))
            finally:
                runner.run(connection.close())
        finally:
            runner.run(engine.dispose())


async def _opened(engine: AsyncEngine, *, autocommit: bool) -> AsyncConnection:
    connection = await engine.connect()
    if autocommit:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
    return connection


@contextmanager
def _open_sync(
    target: DatabaseUrl, *, autocommit: bool, wait: ServerWait | None
) -> Iterator[RunInSession]:
    engine = sqlalchemy.create_engine(
        target.engine_url, poolclass=NullPool, future=True, **target.engine_arguments()
    )
    try:
        connection = _connected(engine.connect, target, wait)
        try:
            if autocommit:
                connection.execution_options(isolation_level="AUTOCOMMIT")
            yield lambda work: _committed(connection, work)
        finally:
            connection.close()
    finally:
        engine.dispose()


def _committed(connection: Connection, work: Callable[[Connection], T]) -> T:
    try:
        result = work(connection)
        connection.commit()
    except BaseException:
        with suppress(DBAPIError):  # a session that has ended; what ended it is raised
            connection.rollback()
        raise
    return result


@contextmanager
def _explained(target: DatabaseUrl) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if (explained := explain_connection_error(error, target)) is None:
            raise
        raise explained from error


def driver_connection(connection: Connection) -> Any:
    """Return the driver's own connection, whose attribute SQLAlchemy 1.4.24 renamed."""
    pooled: Any = connection.connection
    return getattr(pooled, "dbapi_connection", None) or pooled.connection


def statement_errors(connection: Connection) -> tuple[type[Exception], ...]:
    """Return what a rejected statement raises, sent through SQLAlchemy or the driver itself."""
    module: Any = connection.dialect.dbapi
    return DBAPIError, module.Error


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseInfo:
    """The database of a session, for messages."""

    database: str
    user: str
    server_version: str
    address: str = ""
    """Host and port, or the socket's directory; empty for a connection that the caller opened."""

    def __str__(self) -> str:
        where = f" at {self.address}" if self.address else ""
        return f"{self.database}{where} as {self.user} (PostgreSQL {self.server_version})"


def read_database_info(connection: Connection, *, address: str = "") -> DatabaseInfo:
    """Read which database the connection is in; it begins a transaction if there is none."""
    database, user, version = connection.execute(text(_DATABASE_INFO)).one()
    return DatabaseInfo(database=database, user=user, server_version=version, address=address)


def explain_connection_error(error: BaseException, url: DatabaseUrl) -> ServerError | None:
    """Return one clear error for what opening a connection raised; None for another error.

    The message has the server's own words and SQLSTATE, and never a password. Call it only on what
    opening a connection raised: the error of a statement may look the same.
    """
    for cause in causes_of(error):
        explained = _from_server(cause) or _from_surroundings(cause, url)
        if explained is not None:
            what, todo = explained
            result = ServerError(f"cannot connect: {what}", where=url.display, todo=todo)
            result.is_temporary = _is_temporary(cause, url)
            result.__cause__ = error
            return result
    return None


def _is_temporary(error: BaseException, url: DatabaseUrl) -> bool:
    """Return whether the server may answer in a moment: it, or its network, starts or restarts."""
    if isinstance(sqlstate := getattr(error, "sqlstate", None), str):
        return sqlstate in _TEMPORARY_STATES
    match error:
        case ssl.SSLError() | PermissionError():
            return False
        case ConnectionError() if "rejected SSL upgrade" in str(error):
            return False
        case FileNotFoundError():
            return url.is_socket
        case OSError():
            return True
    is_broken = type(error).__name__ == "ConnectionDoesNotExistError"
    return is_broken or _TEMPORARY.search(str(error)) is not None


def _from_server(error: BaseException) -> tuple[str, str] | None:
    """Return what happened and what to do, for an answer of the server."""
    sqlstate = getattr(error, "sqlstate", None)
    if not isinstance(sqlstate, str):
        return None
    if sqlstate == "28000" and "pg_hba.conf" in str(error):
        what, todo = "the server admits no such connection", "add it to the server's pg_hba.conf"
    elif sqlstate == "28000" and "does not exist" in str(error):
        what, todo = "the login does not exist", "create it, or correct the user name in the URL"
    else:
        what, todo = _BY_SQLSTATE.get(sqlstate, _BROKEN if sqlstate[:2] == "08" else ("", ""))
    return (f"{what} ({_first_line(error)}; SQLSTATE {sqlstate})", todo) if what else None


def _from_surroundings(error: BaseException, url: DatabaseUrl) -> tuple[str, str] | None:
    """Return what happened and what to do, where no server answered in PostgreSQL's protocol."""
    if getattr(error, "filename", None) is not None:
        return None  # the error of some file, not of the socket
    if "getpwuid" in str(error) or "No username set" in str(error):
        return "the URL names no user, and this process's has no name", "put a user into the URL"
    match error:
        case TimeoutError():
            waited = f" within {url.timeout_s:g} s" if url.timeout_s else ""
            return f"no answer{waited}", "check host, port and firewall, or raise connect_timeout"
        case socket.gaierror():
            return "the host name is not found", "correct the host in the URL"
        case ssl.SSLError():
            return f"TLS failed ({_first_line(error)})", "check sslmode, sslrootcert and the host"
        case FileNotFoundError() if url.is_socket:
            return "the server is down: there is no such socket", "start the server"
        case FileNotFoundError():
            return "a certificate or key file is missing", "correct sslrootcert, sslcert, sslkey"
        case PermissionError():
            return "no permission to open the socket", "check the socket directory's permissions"
        case OSError():
            return _from_network(error)
    return _from_driver(error)


def _from_network(error: OSError) -> tuple[str, str]:
    """Return what happened and what to do, for a connection that was refused or broken."""
    if isinstance(error, ConnectionRefusedError) or "Connect call failed" in str(error):
        return "the server is down: nothing listens there", "start it, or check host and port"
    if isinstance(error, ConnectionError) and "rejected SSL upgrade" in str(error):
        return "the server offers no TLS", "set sslmode=prefer, or enable TLS on the server"
    if isinstance(error, ConnectionError):
        return _BROKEN
    return f"the host cannot be reached ({_first_line(error)})", "check host and network"


def _from_driver(error: BaseException) -> tuple[str, str] | None:
    """Return what happened and what to do, for an error class of asyncpg, psycopg or psycopg2."""
    name = type(error).__name__
    if name == "ClientConfigurationError":
        return f"the driver refuses the URL ({_first_line(error)})", "correct the URL"
    if name == "ConnectionDoesNotExistError":
        return _BROKEN
    module = type(error).__module__.partition(".")[0]
    if name == "OperationalError" and module in ("psycopg", "psycopg2"):
        return _first_line(error), "check the URL and the server"
    return None


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
