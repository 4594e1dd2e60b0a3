"""SQL as the line of Python that a revision needs to run it."""

from __future__ import annotations

import re

# What sqlalchemy.text() takes for an escaped colon, or reads as a bind parameter.
_COLON = re.compile(r"\\(?=:\w*(?![:\w]))|(?<![:\w\\]):(?=\w+(?![:\w]))")


def op_execute(statement: str) -> str:
    """`op.execute(…)` that sends exactly this statement.

    Every line of it is a literal of its own, because the layout of a function's body is part
    of the catalog; colons are escaped where they would become parameters.
    """
    lines = [_literal(line) for line in _escaped(statement).splitlines(keepends=True)]
    if len(lines) == 1:
        return f"op.execute({lines[0]})"
    body = "\n".join(f"    {line}" for line in lines)
    return f"op.execute(\n{body}\n)"


def _escaped(statement: str) -> str:
    return _COLON.sub(lambda match: f"\\{match[0]}", statement)


def _literal(text: str) -> str:
    """The text as a person would write it, with as few escapes as its quotes allow."""
    literal = repr(text)
    if '"' not in text:
        return f'"{literal[1:-1]}"'
    has_escapes = "\\" in literal.replace("\\'", "")
    if "'" not in text or has_escapes or '"""' in text or text.endswith('"'):
        return literal
    return f'"""{text}"""'
