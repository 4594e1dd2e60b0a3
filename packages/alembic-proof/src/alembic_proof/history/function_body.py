"""What the functions of a revision do, as far as their syntax says."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def does_nothing(function: ast.FunctionDef) -> bool:
    """Whether no statement that is reached calls or raises anything.

    `pass`, `...`, a docstring, `return`, a comment and any mix of them do nothing; so does what
    comes after a `return`, and a function that is defined and never called.
    """
    return not any(
        isinstance(node, ast.Call | ast.Raise)
        for statement in _reached(function.body)
        for node in _walk_outside_definitions(statement)
    )


def has_empty_function(tree: ast.Module, name: str) -> bool:
    """Return whether that function is known to do nothing, as in the merge revisions of Alembic."""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    function = next((node for node in reversed(functions) if node.name == name), None)
    return function is not None and not function.decorator_list and does_nothing(function)


def without_docstring(function: ast.FunctionDef) -> list[ast.stmt]:
    """The function's statements after its docstring."""
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
