"""A downgrade that refuses: its own statement ended it, not the database and not a bug.

Source: https://docs.python.org/3/library/traceback.html#traceback.FrameSummary
"""

from __future__ import annotations

import ast
import traceback
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from alembic_proof.history.chain import ChainRevision
from alembic_proof.history.fault import place_in
from alembic_proof.proofs.roundtrip.direction import Direction

_EXIT_BUILTINS = "_sitebuiltins"
"""The module of exit() and quit()."""


def is_refusal(revision: ChainRevision, direction: Direction, error: BaseException) -> bool:
    """Return whether the downgrade itself says that it cannot be undone.

    NotImplementedError says so wherever the revision has it from. Any other exception does where a
    `raise`, an `assert` or a sys.exit() in the revision's own file made it, and no error of the
    database led to it. An exit with the code 0 is none: the command would seem to have done its work.
    """
    if direction != "downgrade":
        return False
    if isinstance(error, NotImplementedError):
        return bool(place_in(error, (revision.path,)))
    if isinstance(error, SystemExit) and not error.code:
        return False
    return _raised_at(revision.path, error) is not None and not _is_of_database(error)


def refuses_always(revision: ChainRevision, direction: Direction, error: BaseException) -> bool:
    """Return whether no other rows would have it pass: the statement stands under no condition."""
    if not is_refusal(revision, direction, error):
        return False
    found = _raised_at(revision.path, error)
    return isinstance(error, NotImplementedError) or (
        found is not None and _position(found) in map(_position, _unconditional(revision.path))
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


def _raised_at(path: Path, error: BaseException) -> ast.stmt | ast.expr | None:
    """Return what in the file raised the error; None where another place did.

    An expression in the statement may fail as well: only the statement's own place counts.
    """
    frames = traceback.extract_tb(error.__traceback__)
    if isinstance(error, SystemExit) and frames and _EXIT_BUILTINS in frames[-1].filename:
        _ = frames.pop()
    if not frames or Path(frames[-1].filename) != path:
        return None
    last = frames[-1]
    for node in ast.walk(_tree(path)):
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


def _unconditional(path: Path) -> Iterator[ast.stmt | ast.expr]:
    """Yield what ends downgrade() whenever it comes there, as it always does."""
    for function in _tree(path).body:
        if not isinstance(function, ast.FunctionDef) or function.name != "downgrade":
            continue
        for node in function.body:
            match node:
                case ast.Raise() | ast.Assert(test=ast.Constant()):
                    yield node
                case ast.Expr(value=ast.Call() as call):
                    yield call


def _tree(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ast.Module(body=[], type_ignores=[])
