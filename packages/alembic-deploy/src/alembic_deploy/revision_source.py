"""The source of a revision file: empty functions, and the mark of an unfinished revision."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PREFIX = "unfinished: "
_REASON = f"{PREFIX}write what it changes, then delete this line"

_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def mark_unfinished(path: Path) -> None:
    """Make the upgrade() of a blank revision raise NotImplementedError until it is written.

    The mark is a plain `raise` of Python, which also works where alembic_deploy is not installed.
    """
    text = path.read_text(encoding="utf-8")
    functions = (one for one in ast.parse(text).body if isinstance(one, ast.FunctionDef))
    upgrade = next(reversed([one for one in functions if one.name == "upgrade"]), None)
    if upgrade is None:
        return
    body = without_docstring(upgrade)
    lines = text.splitlines(keepends=True)
    mark = f'{" " * upgrade.body[0].col_offset}raise NotImplementedError("{_REASON}")\n'
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
    """Return the line of the file's first mark; 0 without one, or if the file does not parse."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return 0
    return next((mark.lineno for mark in unfinished_marks(tree)), 0)


def is_unfinished(error: BaseException) -> bool:
    """Return whether a mark raised the error."""
    return isinstance(error, NotImplementedError) and str(error).startswith(PREFIX)


def does_nothing(function: ast.FunctionDef) -> bool:
    """Return whether no statement that can be reached calls or raises anything.

    `pass`, `...`, a docstring, `return` and any mix of them do nothing; so does what follows a
    `return`, and a function that is defined and never called.
    """
    return not any(
        isinstance(node, ast.Call | ast.Raise)
        for statement in _reached(function.body)
        for node in _walk_outside_definitions(statement)
    )


def has_empty_function(tree: ast.Module, name: str) -> bool:
    """Return whether the function of that name certainly does nothing."""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    function = next((node for node in reversed(functions) if node.name == name), None)
    return function is not None and not function.decorator_list and does_nothing(function)


def declares(tree: ast.Module, name: str) -> bool:
    """Return whether the module gives the name a value, as in `backfill = {…}`."""
    return _declaration(tree, name) is not None


def declaration_place(path: str, name: str) -> str:
    """Return `path:line` of the statement that gives the name its value; the path alone without one."""
    try:
        found = _declaration(ast.parse(Path(path).read_bytes()), name)
    except (SyntaxError, ValueError, OSError):
        found = None
    return path if found is None else f"{path}:{found.lineno}"


def _declaration(tree: ast.Module, name: str) -> ast.stmt | None:
    for node in tree.body:
        match node:
            case ast.Assign(targets=targets):
                pass
            case ast.AnnAssign(target=target):
                targets = [target]
            case _:
                continue
        if any(isinstance(one, ast.Name) and one.id == name for one in targets):
            return node
    return None


def without_docstring(function: ast.FunctionDef) -> list[ast.stmt]:
    """Return the function's statements after its docstring."""
    has_docstring = ast.get_docstring(function, clean=False) is not None
    return function.body[1:] if has_docstring else function.body


def _reached(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        if isinstance(statement, ast.Return | ast.Raise):
            return


def _walk_outside_definitions(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, _NESTED):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _walk_outside_definitions(child)
