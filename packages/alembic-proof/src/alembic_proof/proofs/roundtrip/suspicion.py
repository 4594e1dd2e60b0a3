"""Steps that failed while rows were there: it may be because of them, and it may not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from alembic_proof.env.server_message import server_message
from alembic_proof.history.row_failures import RowFailure
from alembic_proof.proofs.roundtrip.culprit import Culprit
from alembic_proof.proofs.roundtrip.direction import Direction, comes_after

# Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
_DUPLICATE_OBJECT = "42710"
_CREATE_ROLE = re.compile(r"\bCREATE\s+(ROLE|USER|GROUP)\b", re.IGNORECASE)
_CREATE_TYPE = re.compile(r"\s*CREATE\s+(TYPE|DOMAIN)\b", re.IGNORECASE)
_MOST_TRIES = 4
_OF_DEFINITIONS = "42"
"""The class of SQLSTATEs for what is not there, or is there already (errcodes-appendix)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """A step that failed while rows were there: it may be because of them."""

    direction: Direction
    error: BaseException
    culprit: Culprit = Culprit()  # noqa: RUF009  # frozen
    """The rows that broke it."""
    without: Culprit | None = None
    """The rows that were taken away for another try in the same database; None for a fresh one."""
    over_rows: tuple[RowFailure, ...] = ()
    """Every statement of the step that fails over rows; empty where only the first one is known."""
    is_over_new_rows: bool = False
    """Whether it met rows that only the upgrade allows, and had run without them before."""

    line: int = 0
    """The line of the revision's file that sends the statement; 0 where the error alone knows it."""
    columns: tuple[str, ...] = ()
    """The columns that the statement sets NOT NULL and that hold NULL, as it writes them."""

    def each_statement(self) -> Iterator[Suspicion]:
        """Yield one for each statement of the step that fails over rows."""
        own = _statement(self.error)
        if own not in [_statement(failure.error) for failure in self.over_rows]:
            yield self
        for failure in self.over_rows:
            is_own = _statement(failure.error) == own
            yield replace(
                self,
                error=self.error if is_own else failure.error,
                culprit=self.culprit if is_own else Culprit(),
                line=failure.line,
                columns=failure.columns,
            )

    def is_founded(self, failed: Direction | None) -> bool:
        """Whether the step ran without rows: nothing failed then, or a later step."""
        return failed is None or comes_after(failed, self.direction)


def hidden_by(suspicions: Sequence[Suspicion], failed: Direction) -> Suspicion | None:
    """What failed at first, where the step that fails now had gone well before it.

    It has met what that try left: a role, say, belongs to the cluster and not to its database.
    """
    return next((one for one in suspicions if comes_after(one.direction, failed)), None)


def is_about_definitions(error: BaseException) -> bool:
    """Whether no row has to do with it: where a database is not what it should be, that is why."""
    message = server_message(error)
    return message is not None and message.sqlstate.startswith(_OF_DEFINITIONS)


def meets_a_role(error: BaseException) -> bool:
    """Whether a role that the step makes is there already; no row has to do with it."""
    return _meets(error, _CREATE_ROLE)


def meets_a_type(error: BaseException) -> bool:
    """Return whether a type that the step makes is there already.

    Alembic makes the types of a table's columns unless the same run has made them: a run from base
    may well pass where every database that is at the parent has the step fail.
    """
    return _meets(error, _CREATE_TYPE)


def _meets(error: BaseException, statement: re.Pattern[str]) -> bool:
    message = server_message(error)
    is_there = message is not None and message.sqlstate == _DUPLICATE_OBJECT
    return is_there and statement.search(message.sql if message else "") is not None


def founded(suspicions: Iterable[Suspicion], failed: Direction | None) -> tuple[Suspicion, ...]:
    """Those that are, the first of each step and statement: one may fail over row after row."""
    by_statement = {
        (one.direction, _statement(one.error)): one
        for one in reversed([*suspicions])
        if one.is_founded(failed) and not meets_a_role(one.error)
    }
    return tuple(reversed(by_statement.values()))


def kinds_of_failure(suspicions: Iterable[Suspicion]) -> tuple[tuple[Suspicion, ...], ...]:
    """Return what fails over rows by step and SQLSTATE: each statement once, in their order."""
    kinds: dict[tuple[object, ...], dict[tuple[str, ...], Suspicion]] = {}
    for suspicion in suspicions:
        for one in suspicion.each_statement():
            message = server_message(one.error)
            sqlstate = message.sqlstate if message is not None else ""
            kind = kinds.setdefault((one.direction, one.is_over_new_rows, sqlstate), {})
            statement = _statement(one.error)
            if statement not in kind or kind[statement].culprit == Culprit():
                kind[statement] = one
    return tuple(tuple(kind.values()) for kind in kinds.values())


def to_take_away(culprit: Culprit, suspicions: Sequence[Suspicion]) -> Culprit | None:
    """The rows to try an upgrade without: those to blame, then the table's; None for all there are.

    What was taken away before and has not helped is not taken away again.
    """
    if culprit.table is None:
        return None
    whole = Culprit(culprit.table)
    few = Culprit(culprit.table, condition=culprit.condition)
    ways = (few, whole) if len(suspicions) < _MOST_TRIES else (whole,)
    tried = [one.without for one in suspicions]
    return next((way for way in ways if way not in tried), None)


def _statement(error: BaseException) -> tuple[str, ...]:
    """The statement, and what of it failed: one may bind several columns, or add several checks."""
    message = server_message(error)
    if message is None:
        return (str(error),)
    return (message.sql, message.constraint, message.column)
