"""The text of a revision file that follows another revision than before."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from alembic_proof.errors import HistoryError
from alembic_proof.history.assignments import assigned_value

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$")
_REVISES = re.compile(r"(?P<label>[ \t]*Revises:)(?P<value>[^\r\n]*)(?P<end>[\r\n]*)")


def reparented(
    source: bytes, *, revision_id: str, parent: str | None, new_parent: str, where: str
) -> bytes:
    """Return the file with another `down_revision`, in the code and in the docstring's header.

    Quotes, annotations and everything else stay as they are.

    Raises:
        HistoryError: `down_revision` is no plain string, or None, at the top of the module.
    """
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    text, tree = source.decode(encoding), ast.parse(source)
    lines = _LINE.findall(text)
    node = _parent_node(tree, parent, where=where)
    start = _offset(lines, node.lineno, node.col_offset)
    end = _offset(lines, node.end_lineno or node.lineno, node.end_col_offset or 0)
    quote = _quote(text[start:end]) or _quote_of_revision(tree, text, lines)
    edits = [(start, end, f"{quote}{new_parent}{quote}")]
    edits += _docstring_edits(tree, lines, revision_id, parent, new_parent)
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text.encode(encoding)


def _parent_node(tree: ast.Module, parent: str | None, *, where: str) -> ast.expr:
    """Return the literal of the parent's id."""
    value = assigned_value(tree, "down_revision")
    match value:
        case ast.Tuple(elts=[only]) | ast.List(elts=[only]):
            value = only
    if isinstance(value, ast.Constant) and value.value == parent:
        return value
    line = f":{value.lineno}" if value is not None else ""
    raise HistoryError(
        "down_revision is no plain string at the top of the module, so it cannot be edited",
        where=f"{where}{line}",
        todo=f"write down_revision = {parent!r}, commit it, and run this again",
    )


def _quote(literal: str) -> str:
    found = re.match(r"\w*(\"\"\"|'''|\"|')", literal)
    return found[1] if found and literal != "None" else ""


def _quote_of_revision(tree: ast.Module, text: str, lines: list[str]) -> str:
    node = assigned_value(tree, "revision")
    return (_quote(text[_offset(lines, node.lineno, node.col_offset) :]) if node else "") or '"'


def _offset(lines: list[str], line: int, column: int) -> int:
    """Return the place in the text; the column counts bytes of UTF-8, as in `ast`."""
    inside = lines[line - 1].encode()[:column].decode()
    return sum(map(len, lines[: line - 1])) + len(inside)


def _docstring_edits(
    tree: ast.Module, lines: list[str], revision_id: str, parent: str | None, new_parent: str
) -> Iterator[tuple[int, int, str]]:
    """Yield an edit for each line of the module's docstring that names the parent.

    `Revises: PARENT` is Alembic's own; a line with both ids, in their order, is a project's.
    """
    match tree.body:
        case [ast.Expr(value=ast.Constant(value=str())) as docstring, *_]:
            first, last = docstring.lineno, docstring.end_lineno or docstring.lineno
        case _:
            return
    own = rf".*\b{re.escape(revision_id)}\b.*"
    both = re.compile(rf"{own}\b(?P<value>{re.escape(parent or 'None')})\b")
    for number in range(first, last + 1):
        line, start = lines[number - 1], sum(map(len, lines[: number - 1]))
        if found := _REVISES.fullmatch(line):
            yield start + found.start("value"), start + found.end("value"), f" {new_parent}"
        elif found := both.match(line):
            yield start + found.start("value"), start + found.end("value"), new_parent
