"""The options that answer questions, as a person copies them from a message into a shell."""

from __future__ import annotations

import shlex

RENAME, NO_RENAME, FILL = "rename", "no-rename", "fill"
"""The options of `alembic-proof revision`, and the arguments of plain Alembic's -x."""

_ACTIVE_IN_DOUBLE_QUOTES = frozenset('"$`\\!')


def option(name: str, value: str = "", *, is_x: bool = False) -> str:
    """Return an option for the command line.

    :param is_x: It is an argument of plain Alembic's -x.

    >>> print(option("rename", "users.nick=nickname"), option("no-rename", is_x=True))
    --rename users.nick=nickname -x no-rename
    """
    if is_x:
        return f"-x {shell_argument(f'{name}={value}' if value else name)}"
    return f"--{name} {shell_argument(value)}" if value else f"--{name}"


def shell_argument(text: str) -> str:
    """Return the text as one argument; in double quotes where single ones would be hard to read.

    >>> print(shell_argument("users.name='new'"))
    "users.name='new'"
    """
    if "'" in text and _ACTIVE_IN_DOUBLE_QUOTES.isdisjoint(text):
        return f'"{text}"'
    return shlex.quote(text)
