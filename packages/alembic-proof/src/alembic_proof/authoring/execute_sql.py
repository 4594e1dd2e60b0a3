"""SQL as an operation of Alembic, and the call of op.execute() as a person writes it.

Short statements are one line. Longer ones stand in triple quotes: indented with the code, or at the
margin where a string of several lines in them, such as a function's body, must arrive unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate
from textwrap import indent, wrap

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops

from alembic_deploy.statements import TokenKind, match_start, tokenize
from alembic_proof.authoring.sql_layout import in_clauses

# What sqlalchemy.text() takes for an escaped colon, or reads as a bind parameter.
_COLON = re.compile(r"\\(?=:\w*(?![:\w]))|(?<![:\w\\]):(?=\w+(?![:\w]))")

LINE_LENGTH = 88
"""The default of the formatters."""
INDENT = 4
"""Of a statement in the body of upgrade() or downgrade()."""

_KEPT_BLANK = "\0"
_QUOTED = (TokenKind.STRING, TokenKind.DOLLAR, TokenKind.IDENTIFIER, TokenKind.OPEN)


class ExecuteSql(ops.ExecuteSQLOp):
    """One statement that Alembic has no operation for."""

    def __init__(self, statement: str) -> None:
        super().__init__(escape_colons(dedented(statement)))


class AutocommitBlock(ops.OpContainer):
    """Operations that cannot run in a transaction: `with op.get_context().autocommit_block():`."""


class Comment(ops.OpContainer):
    """A comment on the operation that follows: no difference for `alembic check`."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class BlankLine(ops.OpContainer):
    """An empty line between the operations of two objects: no difference for `alembic check`."""


@renderers.dispatch_for(ExecuteSql)
def _render_sql(context: AutogenContext, operation: ExecuteSql) -> str:
    """Return the call in one line; it is laid out when the file is finished.

    Alembic indents every line of a rendered operation, also within a string.
    """
    return f"{context.opts['alembic_module_prefix']}execute({operation.sqltext!r})"


@renderers.dispatch_for(BlankLine)
def _render_blank_line(_context: AutogenContext, _operation: BlankLine) -> list[str]:
    return [""]


@renderers.dispatch_for(Comment)
def _render_comment(_context: AutogenContext, operation: Comment) -> str:
    width = LINE_LENGTH - INDENT - len("# ")
    return "\n".join(f"# {line}" for line in wrap(operation.text, width=width))


@renderers.dispatch_for(AutocommitBlock)
def _render_block(context: AutogenContext, operation: AutocommitBlock) -> str:
    """Return one text: an empty line within the lines of an operation would end the block."""
    texts = [f"with {context.opts['alembic_module_prefix']}get_context().autocommit_block():"]
    for one in operation.ops:
        rendered = renderers.dispatch(one)(context, one)
        lines = [rendered] if isinstance(rendered, str) else rendered
        texts += [indent(line, " " * INDENT) for line in lines]
    return "\n".join(texts)


def execute_call(
    function: str, text: str, *, column: int = INDENT, line_length: int = LINE_LENGTH
) -> str:
    """Return the call with this argument, laid out as ruff format leaves it.

    :param text: SQL as `sqlalchemy.text()` takes it.
    :param column: where the call begins; its further lines are relative to that.
    """
    width = line_length - column - INDENT
    laid_out = in_clauses(text, width=width)
    if "\n" not in laid_out:
        line = f"{function}({quoted(laid_out)})"
        if column + len(line) <= line_length:
            return line
        laid_out = _wrapped(laid_out, width=width)
    if '"""' in laid_out or not laid_out.replace("\n", "").isprintable():
        return _literals(function, text.splitlines(keepends=True))
    raw = "r" if "\\" in laid_out else ""
    if _has_long_string(laid_out):
        return f'{function}({raw}"""\n{laid_out}\n""")'
    margin = " " * column
    return f'{function}({raw}"""\n{indent(laid_out, margin + " " * INDENT)}\n{margin}""")'


def dedented(statement: str) -> str:
    """Return the statement without the indentation of the code that it stands in.

    Strings of several lines stay as they are. Blanks at both ends and the final semicolon are removed.
    If the first line has no indentation, that of the others is the least that one of them has.
    """
    text = statement.strip("\n").rstrip().removesuffix(";").rstrip()
    lines = text.split("\n")
    free = _lines_outside_strings(text)
    margin = _indentation(lines[0])
    others = [_indentation(line) for number, line in enumerate(lines) if number and free[number]]
    rest = margin or min(others, default=0)
    return "\n".join(
        line[min(rest if number else margin, _indentation(line)) :] if free[number] else line
        for number, line in enumerate(lines)
    )


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _lines_outside_strings(text: str) -> list[bool]:
    """Return for each line whether it begins outside of a string or a quoted name, and is not blank."""
    inside = {
        place
        for token in tokenize(text)
        if token.kind in _QUOTED and "\n" in token.text
        for place in range(token.start, token.end)
    }
    places = accumulate((len(line) + 1 for line in text.split("\n")), initial=0)
    return [
        place - 1 not in inside and bool(line.strip())
        for place, line in zip(places, text.split("\n"), strict=False)
    ]


def escape_colons(statement: str) -> str:
    """Return the statement as `sqlalchemy.text()` must get it to send it unchanged."""
    return _COLON.sub(lambda match: f"\\{match[0]}", statement)


def quoted(text: str) -> str:
    """Return the text as a person would write it, with as few escapes as its quotes allow."""
    plain = "'".join(repr(f'{part}"')[1:-2] for part in text.split("'"))
    has_both = "'" in text and '"' in text
    if has_both and "\\" not in plain and '"""' not in text and not text.endswith('"'):
        return f'"""{text}"""'
    if text.count('"') <= text.count("'"):
        return '"' + plain.replace('"', '\\"') + '"'
    return "'" + plain.replace("'", "\\'") + "'"


def _literals(function: str, lines: Sequence[str]) -> str:
    """Return the call with a literal for each line, for text that triple quotes cannot hold."""
    body = "\n".join(f"    {quoted(line)}" for line in lines)
    return f"{function}(\n{body}\n)"


def _has_long_string(statement: str) -> bool:
    """Return whether a string or a quoted name in the statement has several lines.

    The body of DO is code, whose indentation nothing keeps.
    """
    quoted_tokens = [token for token in tokenize(statement) if token.kind in _QUOTED]
    if match_start(statement, "DO"):
        return any(_has_long_string(token.quoted_text) for token in quoted_tokens)
    return any("\n" in token.text for token in quoted_tokens)


def _wrapped(statement: str, *, width: int) -> str:
    """Break one line of SQL into several that fit, where it has blanks outside of quotes."""
    if "--" in statement:
        return statement
    marked = statement
    for token in tokenize(statement):
        kept = token.text.replace(" ", _KEPT_BLANK)
        marked = marked[: token.start] + kept + marked[token.end :]
    lines = wrap(marked, width=width, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines).replace(_KEPT_BLANK, " ")
