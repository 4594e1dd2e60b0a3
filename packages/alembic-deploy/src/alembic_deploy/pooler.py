"""Connection poolers: refuse one that gives each transaction another session, such as pgbouncer may be.

Behind it, the settings of a migration's session stay with sessions of the application, and the advisory
lock stays with one that nobody can find. So it is asked before anything is set or locked.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from alembic_deploy.connect import driver_connection, run_on
from alembic_deploy.errors import ConfigError, DeployError
from alembic_deploy.server_message import sqlstate_of
from alembic_deploy.url import DatabaseUrl

_PID = "SELECT pg_catalog.pg_backend_pid()"
_REPEATED = 3
_WAIT_S = 2.0
"""How long the second session may take; a pool in session mode may have none left."""
_END_S = 0.2
_LOST_STATEMENTS = ("26000", "42P05")
"""The session has not the driver's prepared statement, or has another client's."""


def refuse_transaction_pooling(connection: Connection, url: str) -> None:
    """Refuse a pooler that gives each transaction another session; one in session mode is good.

    A pooler announces a process id that is not the one of the session's backend. Then a second
    session, in a transaction, takes the backend away if it can. No transaction is left open.

    :raises ConfigError: It is one.
    Source: protocol-message-formats, BackendKeyData; pgbouncer's manual, "pool_mode".
    """
    try:
        first = _backend_pid(connection)
        if _announced_pid(connection) in (None, 0, first):
            return
        is_by_transaction = _can_lose_backend(connection, url, first)
    except DBAPIError as error:
        if sqlstate_of(error) not in _LOST_STATEMENTS:
            raise
        is_by_transaction = True
    if is_by_transaction:
        raise ConfigError(
            "the URL leads to a connection pooler that gives each transaction another session",
            where=DatabaseUrl.parse(url).display,
            todo="connect to PostgreSQL itself, or to a pool in session mode: a migration's lock, its "
            "timeouts and CREATE INDEX CONCURRENTLY need one session",
        )


def _announced_pid(connection: Connection) -> int | None:
    """Return the process id that the connection was opened with; None where the driver hides it."""
    outer = driver_connection(connection)
    driver: Any = getattr(outer, "driver_connection", outer)
    if hasattr(driver, "get_server_pid"):  # asyncpg
        pid: int = driver.get_server_pid()
        return pid
    return getattr(getattr(driver, "info", None), "backend_pid", None)


def _backend_pid(connection: Connection) -> int:
    pid: int = connection.execute(text(_PID)).scalar_one()
    connection.commit()
    return pid


def _can_lose_backend(connection: Connection, url: str, first: int) -> bool:
    """Return whether the connection gets another backend, or gives its own to a second session."""
    if any(_backend_pid(connection) != first for _ in range(_REPEATED)):
        return True
    with _second_session(url) as second:
        return second.is_refused or second.pid == first or _backend_pid(connection) != first


@dataclass(slots=True)
class _SecondSession:
    pid: int | None = None
    is_refused: bool = False
    """Whether it met a prepared statement of the first one."""
    has_begun: threading.Event = field(default_factory=threading.Event)
    is_over: threading.Event = field(default_factory=threading.Event)

    def run(self, url: str) -> None:
        """Hold a transaction open until the first session has looked."""
        try:
            with suppress(DeployError, OSError):
                run_on(url, self._hold)
        except SQLAlchemyError as error:
            self.is_refused = sqlstate_of(error) in _LOST_STATEMENTS
        finally:
            self.has_begun.set()

    def _hold(self, connection: Connection) -> None:
        self.pid = connection.execute(text(_PID)).scalar_one()
        self.has_begun.set()
        self.is_over.wait(_WAIT_S)


@contextmanager
def _second_session(url: str) -> Iterator[_SecondSession]:
    """Yield a session that is in a transaction, unless it takes too long to get one."""
    session = _SecondSession()
    thread = threading.Thread(target=session.run, args=(url,), name="pooler probe", daemon=True)
    thread.start()
    session.has_begun.wait(_WAIT_S)
    try:
        yield session
    finally:
        session.is_over.set()
        thread.join(_END_S)
