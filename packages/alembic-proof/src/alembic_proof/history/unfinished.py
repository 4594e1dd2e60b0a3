"""The mark of a revision that is not finished: its upgrade() refuses until its author deletes it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from alembic_proof.history.function_body import without_docstring

PREFIX = "unfinished: "
BLANK = "write what it changes"
"""What is left to do in a revision that holds nothing yet."""
LISTED = "write what is listed"
"""What is left to do in a revision that lacks what Alembic does not see."""


def mark_unfinished(path: Path, what: str) -> None:
    """Let the file's upgrade() raise, saying what is to be done, before it does anything else.

    It is a plain `raise` of Python: Alembic refuses the revision wherever alembic_proof is missing.

    :param what: What is left to do: BLANK or LISTED.
    """
    text = path.read_text(encoding="utf-8")
    upgrade = next(reversed([one for one in _functions(text) if one.name == "upgrade"]), None)
    if upgrade is None:
        return
    body = without_docstring(upgrade)
    lines = text.splitlines(keepends=True)
    reason = f"{PREFIX}{what}, then delete this line"
    mark = f'{" " * upgrade.body[0].col_offset}raise NotImplementedError("{reason}")\n'
    if not body:
        lines.insert(upgrade.end_lineno or len(lines), mark)
    else:
        first = body[0].lineno - 1
        is_blank = len(body) == 1 and isinstance(body[0], ast.Pass)
        lines[first : first + is_blank] = [mark]
    path.write_text("".join(lines), encoding="utf-8")


def unfinished_marks(tree: ast.Module) -> Iterator[ast.Raise]:
    """Yield the marks in the functions of a revision's module."""
    for function in tree.body:
        if not isinstance(function, ast.FunctionDef):
            continue
        for node in ast.walk(function):
            match node:
                case ast.Raise(exc=ast.Call(args=[ast.Constant(value=str(text))])):
                    if text.startswith(PREFIX):
                        yield node


def unfinished_line(path: Path) -> int:
    """Return the line of the file's first mark; 0 where it has none or cannot be parsed."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return 0
    return next((mark.lineno for mark in unfinished_marks(tree)), 0)


def is_unfinished(error: BaseException) -> bool:
    """Return whether the error is what a mark has raised."""
    return isinstance(error, NotImplementedError) and str(error).startswith(PREFIX)


def _functions(text: str) -> Iterator[ast.FunctionDef]:
    yield from (one for one in ast.parse(text).body if isinstance(one, ast.FunctionDef))
