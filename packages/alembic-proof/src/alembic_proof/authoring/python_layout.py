"""Lay out the calls of a revision as ruff format leaves them, so that no formatter is needed."""

from __future__ import annotations

import ast
import io
import tokenize
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from alembic_proof.authoring.execute_sql import INDENT, LINE_LENGTH, execute_call, quoted

_FORMATTERS = ("ruff", "black")


def line_length(path: Path) -> int:
    """Return the line length that the project of the file gives its formatter."""
    for directory in path.resolve().parents:
        pyproject = directory / "pyproject.toml"
        if not pyproject.is_file():
            continue
        tools = tomllib.loads(pyproject.read_text(encoding="utf-8")).get("tool", {})
        for name in _FORMATTERS:
            if isinstance(length := tools.get(name, {}).get("line-length"), int):
                return length
    return LINE_LENGTH


def with_calls_laid_out(text: str, *, line_length: int) -> str:
    """Return the revision with the calls in its functions in the layout of a formatter.

    Calls with a string of several lines or a comment stay, and those with something else than calls,
    names and literals.

    :raises SyntaxError: The text does not parse.
    """
    lines = text.splitlines(keepends=True)
    commented = _commented_lines(text)
    for call in reversed([*_calls(ast.parse(text))]):
        first, last = call.lineno, call.end_lineno or call.lineno
        if _has_long_string(call) or not commented.isdisjoint(range(first, last + 1)):
            continue
        before = lines[first - 1].encode()[: call.col_offset].decode()
        after = lines[last - 1].encode()[call.end_col_offset or 0 :].decode()
        laid_out = _statement(call, column=len(before), line_length=line_length)
        if laid_out is not None:
            lines[first - 1 : last] = [f"{before}{laid_out}{after}"]
    return "".join(lines)


def _commented_lines(text: str) -> frozenset[int]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return frozenset(token.start[0] for token in tokens if token.type == tokenize.COMMENT)


def _has_long_string(call: ast.Call) -> bool:
    strings = (node for node in ast.walk(call) if isinstance(node, ast.Constant))
    return any(node.lineno != node.end_lineno for node in strings)


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    """Yield the calls that are statements of upgrade() and downgrade(), in their order."""
    for function in tree.body:
        if isinstance(function, ast.FunctionDef) and function.name in ("upgrade", "downgrade"):
            for node in ast.walk(function):
                if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                    yield node.value


def _statement(call: ast.Call, *, column: int, line_length: int) -> str | None:
    try:
        match call:
            case ast.Call(
                func=ast.Attribute(attr="execute") as function,
                args=[ast.Constant(value=str(sql))],
                keywords=[],
            ):
                return execute_call(_flat(function), sql, column=column, line_length=line_length)
        return _laid_out(call, column=column, room=line_length)
    except _UnknownNodeError:
        return None


class _UnknownNodeError(Exception):
    """The expression has a part that is not laid out here."""


def _laid_out(node: ast.expr | ast.keyword, *, column: int, room: int) -> str:
    """Return the expression in one line if it fits, else broken at its brackets.

    :param room: the last column, without what follows the expression.
    """
    flat = _flat(node)
    if column + len(flat) <= room:
        return flat
    head, items, tail = _bracketed(node)
    if not items:
        return flat
    inner = column + INDENT
    margin = " " * inner
    line = _list(items)
    if inner + len(line) <= room:
        return f"{head}\n{margin}{line}\n{' ' * column}{tail}"
    lines = (_laid_out(item, column=inner, room=room - 1) for item in items)
    body = "".join(f"{margin}{item},\n" for item in lines)
    return f"{head}\n{body}{' ' * column}{tail}"


_Items = list[ast.expr | ast.keyword]


def _bracketed(node: ast.expr | ast.keyword) -> tuple[str, _Items, str]:
    """Return what is before the items, the items, and the closing bracket."""
    match node:
        case ast.keyword(arg=str(name), value=value):
            head, items, tail = _bracketed(value)
            return f"{name}={head}", items, tail
        case ast.Call():
            return f"{_flat(node.func)}(", [*node.args, *node.keywords], ")"
        case ast.List():
            return "[", [*node.elts], "]"
    return "", [], ""


def _flat(node: ast.expr | ast.keyword) -> str:
    """Return the expression in one line."""
    match node:
        case ast.keyword(arg=str(name), value=value):
            return f"{name}={_flat(value)}"
        case ast.Call():
            return f"{_flat(node.func)}({_list([*node.args, *node.keywords])})"
        case ast.Attribute():
            return f"{_flat(node.value)}.{node.attr}"
        case ast.Name():
            return node.id
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return f"-{_flat(operand)}"
        case ast.Constant(value=value):
            return quoted(value) if isinstance(value, str) else repr(value)
        case ast.expr():
            return _collection(node)
    raise _UnknownNodeError


def _collection(node: ast.expr) -> str:
    match node:
        case ast.List():
            return f"[{_list(node.elts)}]"
        case ast.Tuple(elts=[only]):
            return f"({_flat(only)},)"
        case ast.Tuple():
            return f"({_list(node.elts)})"
        case ast.Dict():
            pairs = zip(node.keys, node.values, strict=True)
            texts = [f"{_flat(name)}: {_flat(value)}" for name, value in pairs if name is not None]
            return f"{{{', '.join(texts)}}}"
    raise _UnknownNodeError


def _list(nodes: Sequence[ast.expr | ast.keyword]) -> str:
    return ", ".join(map(_flat, nodes))
