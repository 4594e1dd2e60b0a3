"""A run of a step that is observed and rolled back, and the statements that a step sends."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from alembic.runtime.migration import MigrationContext
from sqlalchemy import event
from sqlalchemy.engine import Connection

from alembic_proof.driver import driver_connection, statement_errors
from alembic_proof.history.trial import transaction_id

_ENDS_TRANSACTION = re.compile(
    r"\s*(COMMIT|END|ROLLBACK(?!\s+(WORK\s+|TRANSACTION\s+)?TO\b)|ABORT|PREPARE\s+TRANSACTION)\b",
    re.IGNORECASE,
)


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
    """A run that leaves nothing behind but what its observers keep."""

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
    """The step wants to end its transaction; no `except Exception` of a revision catches this."""


class _BlockRefusedError(_CommitRefusedError):
    """The step has come to an autocommit block; its transaction is still as it was."""


def rehearse(
    migration: MigrationContext, rehearsal: Rehearsal, *, step: Callable[[], None], path: str
) -> None:
    """Run a step in a transaction of its own, let it be observed, and roll it back.

    It ends at its first autocommit block. A step that fails, or would end its transaction otherwise
    (COMMIT), is rolled back and not observed. Where env.py has the driver commit each statement by itself,
    a statement that no transaction may hold fails here.

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
    """Run the step; return whether it came to its end, or to an autocommit block, and is not committed."""
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
        if _ENDS_TRANSACTION.match(statement):
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
