"""Statements that run outside of transactions: CREATE INDEX CONCURRENTLY and its relatives.

Such a statement waits for other transactions as long as it takes, so lock_timeout would only break
it; and what a broken one leaves, an INVALID index, is dropped before the statement is tried again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.engine import Connection

from alembic_deploy.statements import fold_identifier, tokenize

_NAME = r'(?:"(?:[^"]|"")*"|[\w$]+)'
_QUALIFIED = rf"{_NAME}(?: \. {_NAME})?"
_CREATE_INDEX = re.compile(
    rf"CREATE (?:UNIQUE )?INDEX CONCURRENTLY (?:IF NOT EXISTS )?"
    rf"(?P<index>{_NAME}) ON (?:ONLY )?(?P<table>{_QUALIFIED})",
    re.IGNORECASE,
)
_REINDEX = re.compile(
    r"REINDEX (?:\([^)]*\) )?(?P<kind>INDEX|TABLE) (?:CONCURRENTLY )?" rf"(?P<name>{_QUALIFIED})",
    re.IGNORECASE,
)
_CONCURRENTLY = re.compile(
    r"(?:CREATE (?:UNIQUE )?INDEX|DROP INDEX|REINDEX\b[^;]*?|ALTER TABLE\b[^;]*?\bDETACH\b[^;]*?)"
    r" CONCURRENTLY\b",
    re.IGNORECASE,
)
_TIMEOUTS = """\
SELECT pg_catalog.current_setting('lock_timeout') AS lock_timeout,
       pg_catalog.current_setting('statement_timeout') AS statement_timeout"""
_LONGEST_NAME = 63
"""Bytes; PostgreSQL cuts what is longer. Source: sql-syntax-lexical, "Identifiers and Key Words"."""
_INVALID = """\
SELECT pg_catalog.format('%I.%I', space.nspname, class.relname)
FROM pg_catalog.pg_index AS index
JOIN pg_catalog.pg_class AS class ON class.oid = index.indexrelid
JOIN pg_catalog.pg_namespace AS space ON space.oid = class.relnamespace
WHERE index.indrelid = coalesce(
      (SELECT named.indrelid FROM pg_catalog.pg_index AS named
       WHERE named.indexrelid = pg_catalog.to_regclass(:relation)),
      pg_catalog.to_regclass(:relation)
  )
  AND class.relname ~ :pattern
  AND NOT index.indisvalid
ORDER BY class.relname"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftovers:
    """The INVALID indexes that a statement leaves when it is broken off."""

    relation: str
    """The table or the index, as the statement names it."""
    pattern: str
    """The regular expression of their names."""


def is_concurrently(statement: str) -> bool:
    """Return whether the statement waits for other transactions by itself.

    Source: sql-createindex, sql-dropindex, sql-reindex, sql-altertable.
    """
    return _CONCURRENTLY.match(_one_line(statement)) is not None


def leftovers_of(statement: str) -> Leftovers | None:
    """Return what a CREATE INDEX CONCURRENTLY or REINDEX CONCURRENTLY leaves; None for others.

    Source: sql-createindex, "Building Indexes Concurrently"; sql-reindex, "Rebuilding Indexes
        Concurrently".
    """
    line = _one_line(statement)
    if (created := _CREATE_INDEX.match(line)) is not None:
        name = _cut(fold_identifier(created["index"]))
        return Leftovers(relation=created["table"], pattern=f"^{re.escape(name)}$")
    if _CONCURRENTLY.match(line) is None or (rebuilt := _REINDEX.match(line)) is None:
        return None
    name = rebuilt["name"]
    is_index = rebuilt["kind"].upper() == "INDEX"
    base = re.escape(fold_identifier(name.rpartition(" . ")[2])[:50]) if is_index else ""
    return Leftovers(relation=name, pattern=f"^{base}.*_cc(new|old)[0-9]*$")


def drop_leftovers(connection: Connection, leftovers: Leftovers) -> tuple[str, ...]:
    """Drop those indexes if they are INVALID; return their qualified names.

    :param connection: In autocommit mode.
    Locks: SHARE UPDATE EXCLUSIVE on the table.
    """
    parameters = {"relation": leftovers.relation, "pattern": leftovers.pattern}
    names = tuple(connection.execute(text(_INVALID), parameters).scalars())
    for name in names:
        raw = {"no_parameters": True}
        drop = f"DROP INDEX CONCURRENTLY IF EXISTS {name}"
        connection.exec_driver_sql(drop, execution_options=raw)
    return names


@contextmanager
def prepared_statements(
    connection: Connection, *, deadline_s: float | None, print_line: Callable[[str], None]
) -> Iterator[None]:
    """Before each such statement of this block drop what it has left; let only the deadline end it.

    :param deadline_s: In the time of time.monotonic(); None for none.
    """
    before: dict[str, str] = {}

    def prepare(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if not _is_long(connection, statement):
            return
        leftovers = leftovers_of(statement)
        for name in drop_leftovers(connection, leftovers) if leftovers is not None else ():
            print_line(f"    dropped the INVALID index {name}, which an earlier attempt has left")
        # Last: that DROP is such a statement too.
        before.update(connection.exec_driver_sql(_TIMEOUTS).one()._mapping)
        _set_timeouts(connection, lock_timeout="0", statement_timeout=str(left_ms(deadline_s)))

    def finish(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if _is_long(connection, statement):
            _set_timeouts(connection, **before)

    event.listen(connection, "before_cursor_execute", prepare)
    event.listen(connection, "after_cursor_execute", finish)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", prepare)
        event.remove(connection, "after_cursor_execute", finish)


def left_ms(deadline_s: float | None) -> int:
    """Return the time that is left until the deadline; 0 without one, as PostgreSQL writes it."""
    if deadline_s is None:
        return 0
    return max(1, round((deadline_s - time.monotonic()) * 1000))


def shortest_ms(*timeouts: int) -> int:
    """Return the shortest of some timeouts, of which 0 is none."""
    return min(filter(None, timeouts), default=0)


def is_autocommit(connection: Connection) -> bool:
    """Return whether each statement is a transaction of its own."""
    return connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"


def _is_long(connection: Connection, statement: str) -> bool:
    return is_autocommit(connection) and is_concurrently(statement)


def _set_timeouts(connection: Connection, **timeouts: str) -> None:
    for name, value in timeouts.items():
        connection.exec_driver_sql(f"SET {name} = '{value}'")


def _one_line(statement: str) -> str:
    """Return the tokens of a statement with one blank between them; empty without CONCURRENTLY."""
    if "concurrently" not in statement.lower():
        return ""
    return " ".join(token.text for token in tokenize(statement))


def _cut(name: str) -> str:
    return name.encode()[:_LONGEST_NAME].decode(errors="ignore")
