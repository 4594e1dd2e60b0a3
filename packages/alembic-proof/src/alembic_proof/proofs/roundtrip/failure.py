"""Classify a failed step: what the proof does next, and whether rows are the cause.

A step that fails while synthetic rows are in the database is tried again without them: first without
the offending rows, then without all rows of the table, at last in a fresh database without rows. If it
succeeds without the rows, they are the cause. Nothing here reads a database or a file.
"""

from __future__ import annotations

import ast
import traceback
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from alembic_deploy.error_location import location_in
from alembic_deploy.server_message import server_message
from alembic_deploy.statements import STRINGS, contains
from alembic_proof.catalog.prepared import FUNCTION_PREFIX
from alembic_proof.history.dry_run import RowFailure
from alembic_proof.history.lock_wait import LockWaitError
from alembic_proof.history.revisions import ChainRevision
from alembic_proof.proofs.roundtrip.observation import Direction, comes_after
from alembic_proof.proofs.roundtrip.offending_rows import OffendingRows
from alembic_proof.sql import Sqlstate

_CREATE_ROLE = "CREATE { ROLE | USER | GROUP }"
_CREATE_TYPE = "CREATE { TYPE | DOMAIN }"
_MOST_TRIES = 4
_OF_DEFINITIONS = "42"
"""The class of SQLSTATEs for what is not there, or is there already (errcodes-appendix)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedAttempt:
    """A run of a step that failed while rows were in the database: they may be the cause."""

    direction: Direction
    error: BaseException
    offending_rows: OffendingRows = OffendingRows()  # noqa: RUF009  # frozen
    """The rows that the step failed on."""
    without: OffendingRows | None = None
    """The rows that are removed for the next attempt in the same database; None for a fresh database."""
    row_failures: tuple[RowFailure, ...] = ()
    """Every statement of the step that fails on rows; empty where only the first one is known."""
    has_new_rows: bool = False
    """Whether the step met rows that only the new schema permits, after it had succeeded without them."""

    line: int = 0
    """The line of the revision's file that sends the statement; 0 where only the error knows it."""
    columns: tuple[str, ...] = ()
    """The columns with NULL that the statement sets NOT NULL, as it writes them."""

    def each_statement(self) -> Iterator[FailedAttempt]:
        """Yield an attempt for each statement of the step that fails on rows."""
        own = _statement(self.error)
        if own not in [_statement(failure.error) for failure in self.row_failures]:
            yield self
        for failure in self.row_failures:
            is_own = _statement(failure.error) == own
            yield replace(
                self,
                error=self.error if is_own else failure.error,
                offending_rows=self.offending_rows if is_own else OffendingRows(),
                line=failure.line,
                columns=failure.columns,
            )

    def is_caused_by_rows(self, failed: Direction | None) -> bool:
        """Return whether the step succeeded without rows: nothing failed then, or a later step."""
        return failed is None or comes_after(failed, self.direction)


class Response(Enum):
    """The response to a failed step."""

    READ_WITHOUT_FUNCTIONS = "try again where the session has no functions of the catalog reader"
    TRY_WITHOUT_ROWS = "try again without the rows that may be the cause"
    REPORT = "report the failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequences:
    """The consequences of a reported failure for the rest of the proof."""

    needs_fresh_database: bool = False
    blocks_descendants: bool = False
    """Whether no revision that needs this one can be applied."""
    try_in_one_run: bool = False
    """Whether the revision is applied as in a run from base: a type exists that it creates."""


def respond(
    revision: ChainRevision,
    direction: Direction,
    error: BaseException,
    *,
    has_rows: bool,
    has_reader_functions: bool,
) -> Response:
    """Return what the proof does about a failed step.

    :param has_rows: whether the database has rows of ours, or had.
    :param has_reader_functions: whether the catalog reader keeps functions in the session.
    """
    if has_reader_functions and depends_on_reader_functions(error):
        return Response.READ_WITHOUT_FUNCTIONS
    is_wait = isinstance(error, LockWaitError)
    if has_rows and not is_wait and not always_refuses(revision, direction, error):
        return Response.TRY_WITHOUT_ROWS
    return Response.REPORT


def consequences(
    direction: Direction, error: BaseException, *, was_tried_in_one_run: bool
) -> Consequences:
    """Return what a failure means that rows are not the cause of.

    The connection that a lock wait is about may still be open: it ends with its database.

    :param was_tried_in_one_run: whether the revision ran as in a run from base already.
    """
    is_wait = isinstance(error, LockWaitError)
    if was_tried_in_one_run:
        return Consequences(needs_fresh_database=is_wait, blocks_descendants=True)
    if direction == "upgrade" and type_exists(error):
        return Consequences(needs_fresh_database=True, try_in_one_run=True)
    return Consequences(
        needs_fresh_database=is_wait or direction == "second upgrade",
        blocks_descendants=direction == "upgrade",
    )


def masked_failure(attempts: Sequence[FailedAttempt], failed: Direction) -> FailedAttempt | None:
    """Return the first failure of a later step, if the step that fails now had succeeded before it.

    The first attempt left something outside of its database then, for example a role.
    """
    return next((one for one in attempts if comes_after(one.direction, failed)), None)


def is_schema_error(error: BaseException) -> bool:
    """Return whether the error is about a definition, so that no row can be its cause."""
    message = server_message(error)
    return message is not None and message.sqlstate.startswith(_OF_DEFINITIONS)


def role_exists(error: BaseException) -> bool:
    """Return whether a role that the step creates exists already: no row is the cause."""
    return _meets(error, _CREATE_ROLE)


def type_exists(error: BaseException) -> bool:
    """Return whether a type that the step creates exists already.

    Alembic creates the types of a table's columns unless the same run has created them: a run from base
    may succeed where every database that is at the parent has the step fail.
    """
    return _meets(error, _CREATE_TYPE)


def _meets(error: BaseException, synopsis: str) -> bool:
    message = server_message(error)
    is_there = message is not None and message.sqlstate == Sqlstate.DUPLICATE_OBJECT
    return is_there and contains(message.sql if message else "", synopsis, within=STRINGS)


def caused_by_rows(
    attempts: Iterable[FailedAttempt], failed: Direction | None
) -> tuple[FailedAttempt, ...]:
    """Return the attempts whose step succeeded without rows, the first of each step and statement.

    :param failed: the step that failed without rows too, None where none did.
    """
    by_statement = {
        (one.direction, _statement(one.error)): one
        for one in reversed([*attempts])
        if one.is_caused_by_rows(failed) and not role_exists(one.error)
    }
    return tuple(reversed(by_statement.values()))


def group_by_cause(attempts: Iterable[FailedAttempt]) -> tuple[tuple[FailedAttempt, ...], ...]:
    """Return the failures grouped by step and SQLSTATE, each statement once, in order."""
    kinds: dict[tuple[object, ...], dict[tuple[str, ...], FailedAttempt]] = {}
    for attempt in attempts:
        for one in attempt.each_statement():
            message = server_message(one.error)
            sqlstate = message.sqlstate if message is not None else ""
            kind = kinds.setdefault((one.direction, one.has_new_rows, sqlstate), {})
            statement = _statement(one.error)
            if statement not in kind or kind[statement].offending_rows == OffendingRows():
                kind[statement] = one
    return tuple(tuple(kind.values()) for kind in kinds.values())


def next_rows_to_remove(
    offending_rows: OffendingRows, attempts: Sequence[FailedAttempt]
) -> OffendingRows | None:
    """Return the rows to remove before the next upgrade: the offending ones, then the table's.

    Rows whose removal has not helped are not removed again.

    :return: None for a fresh database without rows.
    """
    if offending_rows.table is None:
        return None
    whole = OffendingRows(offending_rows.table)
    few = OffendingRows(offending_rows.table, condition=offending_rows.condition)
    ways = (few, whole) if len(attempts) < _MOST_TRIES else (whole,)
    tried = [one.without for one in attempts]
    return next((way for way in ways if way not in tried), None)


def _statement(error: BaseException) -> tuple[str, ...]:
    """Return the statement and the part that failed: it may set several columns NOT NULL, for example."""
    message = server_message(error)
    if message is None:
        return (str(error),)
    return (message.sql, message.constraint, message.column)


_EXIT_BUILTINS = "_sitebuiltins"
"""The module of exit() and quit()."""


def is_refusal(revision: ChainRevision, direction: Direction, error: BaseException) -> bool:
    """Return whether the downgrade itself refuses to run, and neither the database nor a bug ended it.

    NotImplementedError refuses wherever the revision's file raises it. Any other exception does where a
    `raise`, an `assert` or sys.exit() in that file raised it, and no database error led to it. An exit
    with code 0 does not refuse: the command would seem to have succeeded.

    Source: https://docs.python.org/3/library/traceback.html#traceback.FrameSummary
    """
    if direction != "downgrade":
        return False
    if isinstance(error, NotImplementedError):
        return bool(location_in(error, (revision.path,)))
    if isinstance(error, SystemExit) and not error.code:
        return False
    return _raised_at(revision, error) is not None and not _is_of_database(error)


def always_refuses(revision: ChainRevision, direction: Direction, error: BaseException) -> bool:
    """Return whether the downgrade refuses whatever rows there are: the statement has no condition."""
    if not is_refusal(revision, direction, error):
        return False
    found = _raised_at(revision, error)
    return isinstance(error, NotImplementedError) or (
        found is not None
        and _position(found) in map(_position, _unconditional(revision.syntax_tree))
    )


def _is_of_database(error: BaseException) -> bool:
    """Return whether an error of SQLAlchemy or of a driver was being handled when it was raised."""
    behind = error.__cause__ or error.__context__
    seen: set[int] = set()
    while behind is not None and id(behind) not in seen:
        if isinstance(behind, SQLAlchemyError):
            return True
        seen.add(id(behind))
        behind = behind.__cause__ or behind.__context__
    return isinstance(error, SQLAlchemyError)


def _raised_at(revision: ChainRevision, error: BaseException) -> ast.stmt | ast.expr | None:
    """Return the node of the revision that raised the error; None if another file did.

    An expression in the statement may fail as well: only the statement's own position counts.
    """
    frames = traceback.extract_tb(error.__traceback__)
    if isinstance(error, SystemExit) and frames and _EXIT_BUILTINS in frames[-1].filename:
        _ = frames.pop()
    if not frames or Path(frames[-1].filename) != revision.path:
        return None
    last = frames[-1]
    for node in ast.walk(revision.syntax_tree):
        match node:
            case ast.Assert() if isinstance(error, AssertionError):
                if node.lineno <= (last.lineno or 0) <= (node.end_lineno or node.lineno):
                    return node
            case ast.Raise() if _is_at(node, last):
                return node
            case ast.Call() if isinstance(error, SystemExit) and _is_at(node, last):
                return node
    return None


def _is_at(node: ast.stmt | ast.expr, last: traceback.FrameSummary) -> bool:
    return (
        node.lineno == last.lineno
        and last.colno in (None, node.col_offset)
        and last.end_lineno in (None, node.end_lineno)
    )


def _position(node: ast.stmt | ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _unconditional(tree: ast.Module) -> Iterator[ast.stmt | ast.expr]:
    """Yield the statements that end downgrade() whenever it runs."""
    for function in tree.body:
        if not isinstance(function, ast.FunctionDef) or function.name != "downgrade":
            continue
        for node in function.body:
            match node:
                case ast.Raise() | ast.Assert(test=ast.Constant()):
                    yield node
                case ast.Expr(value=ast.Call() as call):
                    yield call


def depends_on_reader_functions(error: BaseException) -> bool:
    """Return whether PostgreSQL refused a statement because a function of the catalog reader needs PL/pgSQL."""
    message = server_message(error)
    if message is None or message.sqlstate != Sqlstate.DEPENDENT_OBJECTS_STILL_EXIST:
        return False
    return f".{FUNCTION_PREFIX}" in message.detail
