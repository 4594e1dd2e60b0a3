"""Values as SQL text: every value is written as a quoted literal that its column's type reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta

NULL = "NULL"
DEFAULT = "DEFAULT"


def quote(text: str) -> str:
    """`text` as a literal, for any setting of standard_conforming_strings."""
    escaped = text.replace("'", "''")
    if "\\" in escaped:
        return "E'" + escaped.replace("\\", "\\\\") + "'"
    return f"'{escaped}'"


def quote_name(name: str) -> str:
    """`name` as an identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_names(names: Iterable[str]) -> str:
    """The names as a comma-separated list of identifiers."""
    return ", ".join(quote_name(name) for name in names)


def array_text(elements: Iterable[str | None], *, delimiter: str = ",") -> str:
    """An array's text: `{"a","b",NULL}`; boxes are separated by semicolons.

    Source: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
    """
    return "{" + delimiter.join("NULL" if e is None else _inside(e) for e in elements) + "}"


def composite_text(fields: Iterable[str | None]) -> str:
    """A composite's text: `("a","b",)`.

    Source: https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-IO-SYNTAX
    """
    return "(" + ",".join("" if f is None else _inside(f) for f in fields) + ")"


def _inside(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def value_text(value: object) -> str | None:
    """A Python value as the text that PostgreSQL reads; None for NULL."""
    match value:
        case None:
            return None
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case bytes() | bytearray() | memoryview():
            return "\\x" + bytes(value).hex()
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return f"{value.days} days {value.seconds} seconds {value.microseconds} microseconds"
        case Mapping():
            return json.dumps(value, default=str)
        case list() | tuple() | set() | frozenset():
            return array_text(value_text(element) for element in value)
        case _:
            return str(value)


def json_text(value: object) -> str | None:
    """A Python value as JSON; a text is taken as JSON already."""
    return value if value is None or isinstance(value, str) else json.dumps(value, default=str)
