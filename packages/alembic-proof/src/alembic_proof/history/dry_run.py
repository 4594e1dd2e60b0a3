"""Runs of a step that are rolled back: to observe its effect, or to find all statements that fail.

Run again from the same database a step makes the same values, except for those that it takes from a
sequence, from the clock or from random functions: a sequence keeps its position over a rollback, and
the next transaction has another time.

If a statement that only adds a constraint (NOT NULL, a check, a key) fails, later statements see the
same rows as if it had been left out.

Source: https://www.postgresql.org/docs/current/functions-sequence.html
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from alembic.runtime.migration import MigrationContext
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from alembic_deploy.connect import driver_connection, statement_errors
from alembic_deploy.errors import HistoryError
from alembic_deploy.server_message import sqlstate_of
from alembic_deploy.statements import find_all, match_start
from alembic_proof.sql import Sqlstate

_END = "{ COMMIT | END | ABORT | ROLLBACK | PREPARE TRANSACTION }"
_ROLLBACK_TO = "ROLLBACK [ WORK | TRANSACTION ] TO"


@dataclass(frozen=True, slots=True)
class SentStatement:
    """One statement of a revision."""

    sql: str
    row_count: int
    """The number of rows that it returned or changed; -1 where the driver does not say."""
    line: int
    """The line of the revision's file that sent it; 0 where it came from elsewhere."""


@dataclass(slots=True)
class Rehearsal:
    """A run that is observed and rolled back."""

    observe: Callable[[], None]
    """Is called after the last statement, before the rollback."""
    after_statement: Callable[[SentStatement], None]
    """Is called after each statement."""
    sent: list[SentStatement] = field(default_factory=list)
    is_observed: bool = False
    """Whether the step ran to its end, or to its first autocommit block, and was observed."""
    is_committed: bool = False
    """Whether the step committed through the driver itself: it could not be rolled back."""


class _CommitRefusedError(BaseException):
    """The step tries to end its transaction; `except Exception` of a revision does not catch this."""


class _BlockRefusedError(_CommitRefusedError):
    """The step reaches an autocommit block; its transaction is unchanged."""


def rehearse(
    migration: MigrationContext, rehearsal: Rehearsal, *, step: Callable[[], None], path: str
) -> None:
    """Run a step in a transaction of its own, observe it, and roll it back.

    It ends at its first autocommit block. A step that fails, or would end its transaction otherwise
    (COMMIT), is rolled back and not observed. Where env.py has the driver commit each statement, a
    statement that cannot run in a transaction fails here.

    :param path: the revision's file, as Python knows it.
    """
    if migration.connection is not None:
        with _transaction_of_driver(migration.connection):
            _rehearse(migration, migration.connection, rehearsal, step=step, path=path)


def _rehearse(
    migration: MigrationContext,
    connection: Connection,
    rehearsal: Rehearsal,
    *,
    step: Callable[[], None],
    path: str,
) -> None:
    before, memo = migration._transaction, dict(migration.impl.memo)
    is_nested = connection.in_transaction()
    transaction = connection.begin_nested() if is_nested else connection.begin()
    if not is_nested:
        migration._transaction = transaction
    try:
        if _runs(migration, connection, rehearsal, step=step, path=path):
            # A revision's own timeout may end it.
            with suppress(*statement_errors(connection)):
                rehearsal.observe()
                rehearsal.is_observed = True
    finally:
        _roll_back(connection, transaction, is_nested=is_nested)
        migration._transaction, migration.impl.memo = before, memo


def _runs(
    migration: MigrationContext,
    connection: Connection,
    rehearsal: Rehearsal,
    *,
    step: Callable[[], None],
    path: str,
) -> bool:
    """Run the step; return whether it reached its end or an autocommit block, and is not committed."""
    number = transaction_id(connection)
    try:
        with (
            suppress(_BlockRefusedError),
            _refused_commits(connection),
            _refused_blocks(migration),
            logged_statements(
                connection, rehearsal.sent, path=path, then=rehearsal.after_statement
            ),
        ):
            step()
        rehearsal.is_committed = transaction_id(connection) != number
    except (Exception, _CommitRefusedError):
        return False  # the real run meets the same, and reports it
    return not rehearsal.is_committed


@contextmanager
def _transaction_of_driver(connection: Connection) -> Iterator[None]:
    """Have the driver begin a transaction where it commits each statement, and roll it back."""
    driver = driver_connection(connection)
    if not driver.autocommit:
        yield
        return
    connection.dialect.set_isolation_level(driver, "READ COMMITTED")
    try:
        yield
    finally:
        driver.rollback()
        connection.dialect.set_isolation_level(driver, "AUTOCOMMIT")


def _roll_back(connection: Connection, transaction: Any, *, is_nested: bool) -> None:
    """End the transaction, also where SQLAlchemy takes it for committed."""
    with suppress(Exception):
        transaction.rollback()
    if is_nested:
        return
    if (left := connection.get_transaction()) is not None:
        left.rollback()
    driver_connection(connection).rollback()


@contextmanager
def logged_statements(
    connection: Connection,
    sent: list[SentStatement],
    *,
    path: str,
    then: Callable[[SentStatement], None] = lambda _: None,
) -> Iterator[None]:
    """Append each statement that the connection's engine sends meanwhile.

    :param path: the revision's file, as Python knows it.
    :param then: is called after each of them; what it sends itself is not appended.
    """
    is_own = False

    def note(_connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        nonlocal is_own
        if is_own:
            return
        count = getattr(cursor, "rowcount", -1)
        sent.append(SentStatement(statement, -1 if count is None else count, line_in(path)))
        is_own = True
        try:
            then(sent[-1])
        finally:
            is_own = False

    engine = connection.engine
    event.listen(engine, "after_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(engine, "after_cursor_execute", note)


@contextmanager
def _refused_commits(connection: Connection) -> Iterator[None]:
    """Raise instead of ending the transaction."""

    def refuse(*_: Any) -> None:
        raise _CommitRefusedError

    def refuse_statement(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if match_start(statement, _END) and not match_start(statement, _ROLLBACK_TO):
            raise _CommitRefusedError

    engine = connection.engine
    listeners = {"commit": refuse, "rollback": refuse, "before_cursor_execute": refuse_statement}
    for name, listener in listeners.items():
        event.listen(engine, name, listener)
    try:
        yield
    finally:
        for name, listener in listeners.items():
            event.remove(engine, name, listener)


@contextmanager
def _refused_blocks(migration: MigrationContext) -> Iterator[None]:
    """Raise where an autocommit block begins, before it commits what is there."""

    def refuse() -> None:
        raise _BlockRefusedError

    # A revision looks the method up on the instance.
    setattr(migration, "autocommit_block", refuse)  # noqa: B010  mypy: a method is not assigned
    try:
        yield
    finally:
        delattr(migration, "autocommit_block")


def line_in(path: str) -> int:
    """Return the line of the file that is being run, 0 for none."""
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename == path:
            return frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]  # None at the outermost
    return 0


def run_and_roll_back(
    migration: MigrationContext, *, step: Callable[[], None], look: Callable[[], None]
) -> bool:
    """Run the step, inspect the database and roll back; return whether that was possible.

    It is not where the step ends the transaction itself (an autocommit block, COMMIT), or env.py has
    none: then the step is committed, and was not inspected.
    """
    connection = migration.connection
    if connection is None:
        raise HistoryError("env.py connects to no database")
    driver = driver_connection(connection)
    if driver.autocommit:
        step()
        return False
    memo = dict(migration.impl.memo)
    roll_back = _rollback(migration, connection)
    before = transaction_id(connection)
    step()
    if transaction_id(connection) != before:
        return False
    look()
    roll_back()
    migration.impl.memo = memo
    return True


def is_transaction_over(migration: MigrationContext) -> bool:
    """Return whether a step has itself ended the transaction that Alembic began for it.

    Later statements, and the row in the version table, are in a transaction that Alembic does not know
    then. An autocommit block leaves a new one that it knows.
    """
    begun = migration._transaction
    return begun is not None and not begun.is_active


def _rollback(migration: MigrationContext, connection: Connection) -> Callable[[], None]:
    """Return the function that undoes all that follows; a savepoint where all steps share a transaction."""
    if migration._transaction is None:
        return connection.begin_nested().rollback

    def begin_again() -> None:
        if migration._transaction is not None:
            migration._transaction.rollback()
        # As Alembic's own autocommit_block() leaves it.
        migration._transaction = connection.begin()

    return begin_again


def transaction_id(connection: Connection) -> object:
    """Return the number of the transaction that is open; savepoints do not change it."""
    return connection.exec_driver_sql("SELECT pg_catalog.txid_current()").scalar()


_ROW_ERROR_CLASSES = ("22", "23")
"""The SQLSTATE classes of data exceptions and integrity constraint violations (errcodes-appendix)."""
_CHECKS_ROWS = "{ ALTER TABLE | ALTER DOMAIN | CREATE UNIQUE INDEX }"
_ALTER_TABLE = "ALTER TABLE [ IF EXISTS ] [ ONLY ] table"
_SET_NOT_NULL = "ALTER [ COLUMN ] column SET NOT NULL"
_SAVEPOINT = "alembic_proof_statement"


@dataclass(frozen=True, slots=True)
class RowFailure:
    """A statement that fails on rows."""

    error: DBAPIError
    line: int
    """The line of the revision's file that sends it; 0 where it comes from elsewhere."""
    columns: tuple[str, ...] = ()
    """The columns that hold NULL, of those that the statement sets NOT NULL, as it writes them."""


def is_row_error(error: BaseException) -> bool:
    """Return whether PostgreSQL refuses values, or rows that a constraint does not allow."""
    return isinstance(error, DBAPIError) and sqlstate_of(error).startswith(_ROW_ERROR_CLASSES)


def find_row_failures(
    migration: MigrationContext, *, step: Callable[[], None], path: str
) -> tuple[RowFailure, ...]:
    """Return every statement of a step that fails on rows, after it has failed on some.

    :param path: the revision's file, as Python knows it.
    """
    connection = migration.connection
    if connection is None or driver_connection(connection).autocommit:
        return ()
    found: list[RowFailure] = []
    rehearsal = Rehearsal(observe=lambda: None, after_statement=lambda _: None)
    # What the step has done is taken back below SQLAlchemy, whose transaction env.py ends.
    with suppress(SQLAlchemyError, *statement_errors(connection)):
        driver_connection(connection).rollback()
        with _passing_row_failures(connection, found, path=path):
            rehearse(migration, rehearsal, step=step, path=path)
        driver_connection(connection).rollback()
    return tuple(found)


@contextmanager
def _passing_row_failures(
    connection: Connection, found: list[RowFailure], *, path: str
) -> Iterator[None]:
    """Record statements that fail on rows, instead of raising their errors."""

    def execute(cursor: Any, statement: str, parameters: Any, _context: Any) -> bool:
        return run(cursor, statement, lambda: cursor.execute(statement, parameters))

    def execute_bare(cursor: Any, statement: str, _context: Any) -> bool:
        return run(cursor, statement, lambda: cursor.execute(statement))

    def run(cursor: Any, statement: str, send: Callable[[], object]) -> bool:
        if match_start(statement, _CHECKS_ROWS) is None:
            return False
        _send(connection, f"SAVEPOINT {_SAVEPOINT}")
        try:
            send()
        except Exception as raised:
            error = DBAPIError(statement, None, raised)
            _send(connection, f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
            if not sqlstate_of(error).startswith(_ROW_ERROR_CLASSES):
                raise
            found.append(RowFailure(error, line_in(path), _columns(connection, error)))
            # SQLAlchemy reads the cursor next: its last statement must be one that succeeded.
            cursor.execute("SET LOCAL alembic_proof.passed = ''")
        _send(connection, f"RELEASE SAVEPOINT {_SAVEPOINT}")
        return True

    listeners: dict[str, Callable[..., bool]] = {
        "do_execute": execute,
        "do_execute_no_params": execute_bare,
    }
    for name, listener in listeners.items():
        event.listen(connection.engine, name, listener)
    try:
        yield
    finally:
        for name, listener in listeners.items():
            event.remove(connection.engine, name, listener)


def _columns(connection: Connection, error: DBAPIError) -> tuple[str, ...]:
    """Return the columns that the statement sets NOT NULL and that hold NULL, where it says so."""
    statement = error.statement or ""
    table = match_start(statement, _ALTER_TABLE)
    if sqlstate_of(error) != Sqlstate.NOT_NULL_VIOLATION or table is None:
        return ()
    names = [found["column"] for found in find_all(statement, _SET_NOT_NULL)]
    try:
        return tuple(name for name in names if _holds_null(connection, table["table"], name))
    except statement_errors(connection):
        # A column that the same statement adds is gone with it.
        _send(connection, f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
        return ()


def _holds_null(connection: Connection, table: str, column: str) -> bool:
    cursor = driver_connection(connection).cursor()
    try:
        cursor.execute(f"SELECT 1 FROM {table} WHERE {column} IS NULL LIMIT 1")
        return cursor.fetchone() is not None
    finally:
        cursor.close()


def _send(connection: Connection, sql: str) -> None:
    cursor = driver_connection(connection).cursor()
    try:
        cursor.execute(sql)
    finally:
        cursor.close()
