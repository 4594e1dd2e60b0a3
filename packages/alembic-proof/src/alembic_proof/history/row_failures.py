"""All statements of a step that fail over rows: the step is run once more, past each of them.

A statement that only binds rows (NOT NULL, a check, a key) changes none where it fails, so that those
behind it meet the same rows without it. Everything is rolled back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from alembic.runtime.migration import MigrationContext
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from alembic_proof.catalog.names import NAME
from alembic_proof.driver import driver_connection, statement_errors
from alembic_proof.history.rehearsal import Rehearsal, line_in, rehearse
from alembic_proof.postgres.sqlstate import sqlstate_of

_OVER_ROWS = ("22", "23")
"""The classes of SQLSTATEs for data and for constraints (errcodes-appendix)."""
_BINDS_ROWS = re.compile(r"\s*(ALTER\s+(TABLE|DOMAIN)|CREATE\s+UNIQUE\s+INDEX)\b", re.IGNORECASE)
_TABLE = re.compile(
    rf"\s*ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?P<table>{NAME}(?:\.{NAME})?)",
    re.IGNORECASE,
)
_SET_NOT_NULL = re.compile(
    rf"\bALTER\s+(?:COLUMN\s+)?(?P<column>{NAME})\s+SET\s+NOT\s+NULL\b", re.IGNORECASE
)
_NOT_NULL_VIOLATION = "23502"
_SAVEPOINT = "alembic_proof_statement"


@dataclass(frozen=True, slots=True)
class RowFailure:
    """A statement that fails over rows."""

    error: DBAPIError
    line: int
    """The line of the revision's file that sends it; 0 where it comes from elsewhere."""
    columns: tuple[str, ...] = ()
    """The columns that hold NULL, of those that the statement sets NOT NULL, as it writes them."""


def fails_over_rows(error: BaseException) -> bool:
    """Return whether PostgreSQL refuses values, or rows that a constraint does not allow."""
    return isinstance(error, DBAPIError) and sqlstate_of(error).startswith(_OVER_ROWS)


def find_row_failures(
    migration: MigrationContext, *, step: Callable[[], None], path: str
) -> tuple[RowFailure, ...]:
    """Return every statement of a step that fails over rows, where it has failed over some.

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
    """Note statements that fail over rows, instead of raising what they raise."""

    def execute(cursor: Any, statement: str, parameters: Any, _context: Any) -> bool:
        return run(cursor, statement, lambda: cursor.execute(statement, parameters))

    def execute_bare(cursor: Any, statement: str, _context: Any) -> bool:
        return run(cursor, statement, lambda: cursor.execute(statement))

    def run(cursor: Any, statement: str, send: Callable[[], object]) -> bool:
        if not _BINDS_ROWS.match(statement):
            return False
        _send(connection, f"SAVEPOINT {_SAVEPOINT}")
        try:
            send()
        except Exception as raised:
            error = DBAPIError(statement, None, raised)
            _send(connection, f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
            if not sqlstate_of(error).startswith(_OVER_ROWS):
                raise
            found.append(RowFailure(error, line_in(path), _columns(connection, error)))
            # SQLAlchemy takes the cursor for one that has run its statement: it has to run one.
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
    table = _TABLE.match(statement)
    if sqlstate_of(error) != _NOT_NULL_VIOLATION or table is None:
        return ()
    names = [found["column"] for found in _SET_NOT_NULL.finditer(statement)]
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
