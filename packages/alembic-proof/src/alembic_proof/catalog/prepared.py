"""Statements that stay prepared in a session, and statements that are a transaction of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any

import sqlalchemy as sa

from alembic_proof.catalog.queries.routine import Routine
from alembic_proof.driver import driver_connection

FORGOTTEN = frozenset({"26000", "42883", "3F000"})
"""The SQLSTATEs of a statement that was deallocated, of a function and a schema that are gone."""
ENDED = frozenset({"25P03", "25P04", "57P01", "57P05"})
"""Those by which the server ends the session: after a timeout, or because somebody asked for it."""
_NAMES = "alembic_proof_prepared"
_ROUND = "alembic_proof_round"
_JIT = "alembic_proof_jit"
_IS_COMPILED = "SELECT pg_catalog.pg_jit_available()"
"""Whether the server can compile, and the session lets it."""


class Prepared:
    """What is prepared in the session of a connection; asked of the driver itself.

    Its answers need no translation, and nobody who listens to the connection hears them.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self._driver = driver_connection(connection)
        self._round: int = connection.info.setdefault(_ROUND, 0)
        self._names: dict[str, str] = connection.info.setdefault(_NAMES, {})
        _keep_prepared(connection, self._driver)

    @staticmethod
    def forget(connection: sa.Connection) -> None:
        """Ensures that everything is prepared again, under names that no driver remembers."""
        connection.info[_ROUND] = connection.info.get(_ROUND, 0) + 1
        connection.info.pop(_NAMES, None)

    def row(self, sql: str) -> Sequence[Any]:
        """The one row of the statement, which is prepared where it is not yet."""
        name = self._names.get(sql)
        if name is None:
            name = f"alembic_proof_{self._round}_{len(self._names)}"
            with closing(self._driver.cursor()) as cursor:
                cursor.execute(f"PREPARE {name} AS {sql}")
            self._names[sql] = name
        return self.row_once(f"EXECUTE {name}")

    def has_made(self, routine: Routine) -> bool:
        """Whether the session has the function, unless somebody has discarded it."""
        return routine.name in self._names

    def make(self, routine: Routine) -> None:
        """Ensures that the session has the function."""
        with closing(self._driver.cursor()) as cursor:
            cursor.execute(routine.sql)
        self._names[routine.name] = routine.name

    def row_once(self, sql: str) -> Sequence[Any]:
        """The one row of a statement that is sent as it is written."""
        with closing(self._driver.cursor()) as cursor:
            cursor.execute(sql)
            row: Sequence[Any] = cursor.fetchone()
        return row


@contextmanager
def without_transaction(connection: sa.Connection) -> Iterator[None]:
    """Ensures that each statement is a transaction of its own: two round trips less.

    SQLAlchemy 1.4 leaves the driver in a transaction after a SELECT outside of one; that one ends
    here, and all is read in it.
    """
    driver = driver_connection(connection)
    if _is_in_transaction(driver):
        with connection.begin():
            yield
        return
    before = driver.autocommit
    driver.autocommit = True
    try:
        yield
    finally:
        driver.autocommit = before


@contextmanager
def without_jit(connection: sa.Connection) -> Iterator[None]:
    """Turn JIT compilation off for statements of ours, and put it back as it was.

    The estimated costs of a statement on many system catalogs are high enough to have it compiled, which
    takes seconds and saves nothing. A server without LLVM is asked once in a session, and no more.

    Source: jit-decision; runtime-config-query, jit; functions-info, pg_jit_available().
    """
    prepared = Prepared(connection)
    if connection.info.setdefault(_JIT, None) is None:
        connection.info[_JIT] = bool(prepared.row_once(_IS_COMPILED)[0])
    if not connection.info[_JIT]:
        yield
        return
    is_local = "true" if connection.in_transaction() else "false"
    [before, _] = prepared.row_once(
        f"SELECT pg_catalog.current_setting('jit'), pg_catalog.set_config('jit', 'off', {is_local})"
    )
    try:
        yield
    finally:
        # A transaction that has failed takes the setting back by itself.
        with suppress(connection.dialect.dbapi.Error):  # type: ignore[union-attr]
            prepared.row_once(f"SELECT pg_catalog.set_config('jit', '{before}', {is_local})")


def sqlstate(error: BaseException) -> str:
    """The SQLSTATE of a driver's error, '' where it has none."""
    return str(getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or "")


def _is_in_transaction(driver: Any) -> bool:
    """Whether psycopg or psycopg2 says so; asyncpg's adapter begins none by itself."""
    info = getattr(driver, "info", None)
    return bool(getattr(info, "transaction_status", 0))


def _keep_prepared(connection: sa.Connection, driver: Any) -> None:
    """Ensures that the driver leaves what is prepared here alone.

    psycopg sends DEALLOCATE ALL after a DROP once it has prepared something by itself.
    Source: psycopg's manual, "Prepared statements".
    """
    inner = getattr(connection.connection, "driver_connection", driver)  # below an async adapter
    if getattr(inner, "prepare_threshold", None) is not None:
        inner.prepare_threshold = None
