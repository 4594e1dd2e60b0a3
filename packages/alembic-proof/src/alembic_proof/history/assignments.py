"""The values that a module assigns at its top level, read from its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def assigned_value(tree: ast.Module, name: str) -> ast.expr | None:
    """Return the expression last assigned to a name at the top of the module; None without one.

    Of `a, b = 1, 2` each name has its own; where the right side has other places, it is all of it.
    """
    for node in reversed(tree.body):
        match node:
            case ast.Assign(targets=targets, value=value):
                found = [one for target in targets for one in _values(target, value, name)]
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                found = list(_values(target, value, name))
            case _:
                continue
        if found:
            return found[-1]
    return None


def may_assign(tree: ast.Module, name: str) -> bool:
    """Return whether anything in the module may give it that name: it may be imported as well."""
    given = {one for node in _of_module(tree) for one in _given(node)}
    return not given.isdisjoint((name, "*"))


def is_literal(value: ast.expr) -> bool:
    """Return whether the expression is nothing but literals: its value needs no run."""
    try:
        _ = ast.literal_eval(value)
    except (ValueError, TypeError):
        return False
    return True


def strings_in(value: ast.expr | None) -> tuple[str, ...]:
    """Return the string literals of an expression, such as a tuple of ids; none of None."""
    nodes = ast.walk(value) if value is not None else ()
    return tuple(
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _values(target: ast.expr, value: ast.expr, name: str) -> Iterator[ast.expr]:
    """Yield what an assignment gives the name, part by part where both sides are written out."""
    match target, value:
        case (ast.Name(id=found), _):
            if found == name:
                yield value
        case (ast.Tuple(elts=names) | ast.List(elts=names), _):
            values = _parts(value, len(names))
            is_whole = values is None or any(isinstance(one, ast.Starred) for one in names)
            parts = [value] * len(names) if is_whole else values or []
            for one, part in zip(names, parts, strict=True):
                yield from _values(one, part, name)
        case (ast.Starred(value=inner), _):
            yield from _values(inner, value, name)


def _parts(value: ast.expr, number: int) -> list[ast.expr] | None:
    match value:
        case ast.Tuple(elts=parts) | ast.List(elts=parts) if len(parts) == number:
            return None if any(isinstance(one, ast.Starred) for one in parts) else parts
        case _:
            return None


def _of_module(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the pieces of code that run in the module itself; not what functions and classes hold."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _SCOPES):
            waiting += ast.iter_child_nodes(node)


def _given(node: ast.AST) -> Iterator[str]:
    """Yield the names that a piece of code gives; a star where it imports whatever there is."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Name(id=name, ctx=ast.Store()):
            yield name
        case ast.alias(name=name, asname=other):
            yield other or name
