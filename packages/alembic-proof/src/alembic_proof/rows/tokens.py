"""The words of an expression as PostgreSQL prints it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Sort(StrEnum):
    """What a token is."""

    TEXT = "text"
    NUMBER = "number"
    NAME = "name"
    """An identifier; quoted ones are never keywords."""
    WORD = "word"
    """An unquoted identifier in lower case, or a keyword."""
    SIGN = "sign"
    """An operator, a bracket, a comma."""
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """One token and its value, quotes taken away."""

    sort: Sort
    value: str


PATTERN = re.compile(
    r"""\s*(?:
    (?P<escaped>E'(?:[^'\\]|''|\\.)*')
    |(?P<text>(?:B|X)?'(?:[^']|'')*')
    |(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)
    |(?P<name>"(?:[^"]|"")*")
    |(?P<word>[^\W\d][\w$]*)
    |(?P<sign>::|[()\[\],.:]|[-+*/<>=~!@\#%^&|`?]+)
    )""",
    re.VERBOSE,
)


class UnreadableError(ValueError):
    """The expression uses what is not read here; it is no error of the database."""


def tokens(text: str) -> list[Token]:
    """The text's tokens, END last.

    Raises:
        UnreadableError: there is something else in it.
    """
    found = []
    place = 0
    text = text.rstrip()
    while place < len(text):
        match = PATTERN.match(text, place)
        if match is None:
            raise UnreadableError(text[place:])
        found.append(_token(str(match.lastgroup), match.group(str(match.lastgroup))))
        place = match.end()
    return [*found, Token(Sort.END, "")]


def _token(group: str, text: str) -> Token:
    match group:
        case "escaped":
            return Token(Sort.TEXT, re.sub(r"\\(.)", r"\1", text[2:-1].replace("''", "'")))
        case "text":
            return Token(Sort.TEXT, text[text.index("'") + 1 : -1].replace("''", "'"))
        case "number":
            return Token(Sort.NUMBER, text)
        case "name":
            return Token(Sort.NAME, text[1:-1].replace('""', '"'))
        case "word":
            return Token(Sort.WORD, text)
        case _:
            return Token(Sort.SIGN, text)
