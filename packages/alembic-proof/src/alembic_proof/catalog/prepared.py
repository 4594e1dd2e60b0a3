"""Run statements on the driver's own connection: prepared, without a transaction, without JIT."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any

import sqlalchemy as sa

from alembic_deploy.connect import driver_connection
from alembic_proof.sql import Sqlstate

STALE_STATEMENT_SQLSTATES = frozenset(
    {Sqlstate.INVALID_SQL_STATEMENT_NAME, Sqlstate.UNDEFINED_FUNCTION, Sqlstate.INVALID_SCHEMA_NAME}
)
"""The prepared statement, the function or the temporary schema no longer exists: prepare again."""
SESSION_ENDED_SQLSTATES = frozenset(
    {
        Sqlstate.IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        Sqlstate.TRANSACTION_TIMEOUT,
        Sqlstate.ADMIN_SHUTDOWN,
        Sqlstate.IDLE_SESSION_TIMEOUT,
    }
)
"""The server ended the session, after a timeout or at an administrator's request."""
FUNCTION_PREFIX = "alembic_proof_"
"""The prefix of the name of each function that this package creates in a temporary schema."""
_NAMES = "alembic_proof_prepared"
_GENERATION = "alembic_proof_generation"
_JIT = "alembic_proof_jit"
_IS_JIT_AVAILABLE = "SELECT pg_catalog.pg_jit_available()"


class PreparedStatements:
    """The statements and functions that this package has prepared in a connection's session.

    It talks to the driver itself: values are not converted, and no event listener of SQLAlchemy
    sees the statements.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self._driver = driver_connection(connection)
        self._generation: int = connection.info.setdefault(_GENERATION, 0)
        self._names: dict[str, str] = connection.info.setdefault(_NAMES, {})
        _disable_driver_preparation(connection, self._driver)

    @staticmethod
    def discard(connection: sa.Connection) -> None:
        """Prepare all statements again when they are next used, under names not used before."""
        connection.info[_GENERATION] = connection.info.get(_GENERATION, 0) + 1
        connection.info.pop(_NAMES, None)

    def fetch_prepared(self, sql: str) -> Sequence[Any]:
        """Return the one row of the statement, which stays prepared in the session."""
        name = self._names.get(sql)
        if name is None:
            name = f"alembic_proof_{self._generation}_{len(self._names)}"
            self._execute(f"PREPARE {name} AS {sql}")
            self._names[sql] = name
        return self.fetch(f"EXECUTE {name}")

    def fetch(self, sql: str) -> Sequence[Any]:
        """Return the one row of a statement, which is not prepared."""
        with closing(self._driver.cursor()) as cursor:
            cursor.execute(sql)
            row: Sequence[Any] = cursor.fetchone()
        return row

    def has_function(self, name: str) -> bool:
        """Return whether `create_function` has created it in this session."""
        return name in self._names

    def create_function(self, name: str, sql: str) -> None:
        """Run a CREATE OR REPLACE FUNCTION statement for the function of that name."""
        self._execute(sql)
        self._names[name] = name

    def _execute(self, sql: str) -> None:
        with closing(self._driver.cursor()) as cursor:
            cursor.execute(sql)


@contextmanager
def autocommitted(connection: sa.Connection) -> Iterator[None]:
    """Run each statement as a transaction of its own, which saves two round trips.

    With SQLAlchemy 1.4 the driver may still be in a transaction after a SELECT; then all statements
    run in that transaction, which ends afterwards.
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
    """Set jit = off, and restore it afterwards.

    Statements on many system catalogs have high estimated costs. PostgreSQL would compile them,
    which takes seconds and saves nothing. A server without LLVM is asked once per session.

    Source: jit-decision; runtime-config-query, jit; functions-info, pg_jit_available().
    """
    prepared = PreparedStatements(connection)
    if connection.info.setdefault(_JIT, None) is None:
        connection.info[_JIT] = bool(prepared.fetch(_IS_JIT_AVAILABLE)[0])
    if not connection.info[_JIT]:
        yield
        return
    is_local = "true" if connection.in_transaction() else "false"
    [before, _] = prepared.fetch(
        f"SELECT pg_catalog.current_setting('jit'), pg_catalog.set_config('jit', 'off', {is_local})"
    )
    try:
        yield
    finally:
        # In a failed transaction this fails, and the rollback restores the setting.
        with suppress(connection.dialect.dbapi.Error):  # type: ignore[union-attr]
            prepared.fetch(f"SELECT pg_catalog.set_config('jit', '{before}', {is_local})")


def _is_in_transaction(driver: Any) -> bool:
    """Return whether psycopg or psycopg2 says so; asyncpg's adapter never begins one by itself."""
    info = getattr(driver, "info", None)
    return bool(getattr(info, "transaction_status", 0))


def _disable_driver_preparation(connection: sa.Connection, driver: Any) -> None:
    """Keep psycopg from preparing statements.

    Once it has prepared one, it sends DEALLOCATE ALL after each DROP, which removes ours.
    Source: psycopg's manual, "Prepared statements".
    """
    inner = getattr(connection.connection, "driver_connection", driver)  # below an async adapter
    if getattr(inner, "prepare_threshold", None) is not None:
        inner.prepare_threshold = None
