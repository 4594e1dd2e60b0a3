"""A downgrade that refuses: its own `raise` ended it, not the database and not a bug.

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


def is_refusal(revision: ChainRevision, direction: Direction, error: BaseException) -> bool:
    """Return whether the downgrade itself says that it cannot be undone.

    NotImplementedError says so wherever the revision has it from. Any other exception does where a
    `raise` in the revision's own file made it, and no error of the database led to it.
    """
    if direction != "downgrade":
        return False
    if isinstance(error, NotImplementedError):
        return bool(place_in(error, (revision.path,)))
    return _raise_of(revision.path, error) is not None and not _is_of_database(error)


def refuses_always(revision: ChainRevision, direction: Direction, error: BaseException) -> bool:
    """Return whether no other rows would have it pass: the `raise` stands under no condition."""
    if not is_refusal(revision, direction, error):
        return False
    found = _raise_of(revision.path, error)
    return isinstance(error, NotImplementedError) or (
        found is not None and any(found is one for one in _unconditional(revision.path))
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


def _raise_of(path: Path, error: BaseException) -> ast.Raise | None:
    """Return the statement of the file that raised the error; None where another place did.

    An expression in the statement may fail as well: only the statement's own place counts.
    """
    frames = traceback.extract_tb(error.__traceback__)
    if not frames or Path(frames[-1].filename) != path:
        return None
    last = frames[-1]
    for node in ast.walk(_tree(path)):
        if not isinstance(node, ast.Raise) or node.lineno != last.lineno:
            continue
        if last.colno in (None, node.col_offset) and last.end_lineno in (None, node.end_lineno):
            return node
    return None


def _unconditional(path: Path) -> Iterator[ast.Raise]:
    """Yield the `raise` statements that downgrade() always comes to."""
    for function in _tree(path).body:
        if isinstance(function, ast.FunctionDef) and function.name == "downgrade":
            yield from (one for one in function.body if isinstance(one, ast.Raise))


def _tree(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ast.Module(body=[], type_ignores=[])
