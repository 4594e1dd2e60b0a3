"""The values that a module assigns at its top level, read from its syntax tree."""

from __future__ import annotations

import ast


def assigned_value(tree: ast.Module, name: str) -> ast.expr | None:
    """Return the expression last assigned to a name at the top of the module; None without one."""
    for node in reversed(tree.body):
        match node:
            case ast.Assign(targets=targets, value=value) if _has_name(targets, name):
                return value
            case ast.AnnAssign(target=target, value=value) if _has_name([target], name):
                return value
    return None


def strings_in(value: ast.expr | None) -> tuple[str, ...]:
    """Return the string literals of an expression, such as a tuple of ids; none of None."""
    nodes = ast.walk(value) if value is not None else ()
    return tuple(
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _has_name(targets: list[ast.expr], name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)
