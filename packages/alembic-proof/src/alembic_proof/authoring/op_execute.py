"""SQL as the line of Python that a revision needs to run it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from textwrap import wrap

# What sqlalchemy.text() takes for an escaped colon, or reads as a bind parameter.
_COLON = re.compile(r"\\(?=:\w*(?![:\w]))|(?<![:\w\\]):(?=\w+(?![:\w]))")

_LINE_LENGTH = 88
"""The default of the formatters; a project with longer lines keeps what is printed for this one."""
_INDENT = 4
"""Of a statement in the body of upgrade() or downgrade()."""

# Blanks in these belong to a value, a name or the body of a function.
_QUOTED = re.compile(
    r"""(?P<dollar>\$(?:[^\W\d]\w*)?\$).*?(?P=dollar) | [eE]'(?:[^'\\]|\\.|'')*' | '[^']*' | "[^"]*" """,
    re.DOTALL | re.VERBOSE,
)
_KEPT_BLANK = "\0"


def op_execute(statement: str) -> str:
    """Return `op.execute(…)` that sends this statement, laid out as ruff format leaves it.

    A line that would be too long is broken at blanks between words of SQL. A statement of several
    lines arrives exactly as it is: every line is a literal of its own, because the layout of a
    function's body is part of the catalog. Colons are escaped where they would become parameters.
    """
    escaped = _escaped(statement)
    line = f"op.execute({_literal(escaped)})"
    if _INDENT + len(line) <= _LINE_LENGTH:
        return line
    lines = escaped.splitlines(keepends=True)
    if len(lines) > 1:
        return _call(_literal(one) for one in lines)
    if '"""' in statement or not statement.isprintable() or "--" in statement:
        return _call([_literal(escaped)])
    return _call(['"""', *_broken(escaped.replace("\\", "\\\\")), '"""'])


def _call(lines: Iterable[str]) -> str:
    body = "\n".join(f"    {line}" for line in lines)
    return f"op.execute(\n{body}\n)"


def _broken(statement: str) -> list[str]:
    """Break one line of SQL into several that fit, where it has blanks outside of quotes."""
    marked = _QUOTED.sub(lambda match: match[0].replace(" ", _KEPT_BLANK), statement)
    lines = wrap(
        marked,
        width=_LINE_LENGTH - 2 * _INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_KEPT_BLANK, " ") for line in lines]


def _escaped(statement: str) -> str:
    return _COLON.sub(lambda match: f"\\{match[0]}", statement)


def _literal(text: str) -> str:
    """Return the text as a person would write it, with as few escapes as its quotes allow."""
    plain = "'".join(repr(f'{part}"')[1:-2] for part in text.split("'"))
    has_both = "'" in text and '"' in text
    if has_both and "\\" not in plain and '"""' not in text and not text.endswith('"'):
        return f'"""{text}"""'
    if text.count('"') <= text.count("'"):
        return '"' + plain.replace('"', '\\"') + '"'
    return "'" + plain.replace("'", "\\'") + "'"
