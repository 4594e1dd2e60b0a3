"""Where the rows that broke a step are to be looked for, by what PostgreSQL said of it; no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from alembic_proof.env.server_message import ServerMessage
from alembic_proof.rows.literal import quote, quote_name

_KEY = re.compile(r"Key \((?P<columns>.*)\)=\((?P<values>.*)\) ", re.DOTALL)
_REFERRED = re.compile(r'^update or delete on table "(.+?)" violates')
_CHECK = re.compile(r"\bCHECK\s*\(", re.IGNORECASE)
_ADD = re.compile(r"^\s*ALTER\s+TABLE\b.*\bADD\b", re.IGNORECASE | re.DOTALL)
_NAME = r'(?:"(?:[^"]|"")+"|[\w$]+)'
ALTER_TYPE = re.compile(
    rf"ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?P<table>{_NAME}(?:\.{_NAME})?)\s+"
    rf"ALTER\s+(?:COLUMN\s+)?(?P<column>{_NAME})\s+(?:SET\s+DATA\s+)?TYPE\s+(?P<type>.+?)"
    r"(?:\s+USING\s+(?P<using>.+?))?;?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_WHERE = re.compile(r"\bINDEX\b.*?\bWHERE\b(.*?);?\s*$", re.IGNORECASE | re.DOTALL)
_LENGTH = re.compile(r"\b(?:var)?char(?:acter)?(?: varying)?\s*\((\d+)\)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Clue:
    """Rows of this table that satisfy the condition are to blame."""

    table: str
    condition: str
    most: int = 1
    tells_all: bool = True
    """Whether the step can do without these rows; otherwise only without all of the table's."""


def clues(message: ServerMessage) -> Iterator[Clue]:
    """Where to look, the most precise first."""
    table = ".".join(quote_name(name) for name in (message.schema, message.table) if name)
    yield from _of_key(message, table)
    # A row that was about to be written is in the detail, and nowhere to be found.
    if table and message.sqlstate == "23502" and not message.detail:
        yield Clue(table, f"{quote_name(message.column)} IS NULL")
        if _ADD.search(message.sql):
            yield Clue(table, "true", tells_all=False)
    if table and message.sqlstate == "23514":
        for expression in _checks(message.sql):
            yield Clue(table, f"NOT ({expression})")
    changed = ALTER_TYPE.search(message.sql)
    length = _LENGTH.search(changed["type"]) if changed else None
    if changed and length:
        value = f"({changed['using'] or changed['column']})::pg_catalog.text"
        yield Clue(changed["table"], f"pg_catalog.char_length({value}) > {length[1]}")


def _of_key(message: ServerMessage, table: str) -> Iterator[Clue]:
    """The rows of the key that the error's detail names."""
    key = _KEY.search(f"{message.detail} ")
    if not table or key is None:
        return
    equal = f"{_written(key['columns'])} = {quote(key['values'])}"
    if (referred := _REFERRED.search(message.message)) is not None:
        # The key is of the table that the named one refers to.
        names = filter(None, (message.schema, referred[1]))
        yield Clue(".".join(map(quote_name, names)), equal, tells_all=False)
        return
    if (partial := _WHERE.search(message.sql)) is not None:
        yield Clue(table, f"{equal} AND ({partial[1]})", 2)
    yield Clue(table, equal, 2)


def _written(columns: str) -> str:
    """A key's values as PostgreSQL writes them in an error's detail."""
    texts = ", ".join(f"({column})::pg_catalog.text" for column in _listed(columns))
    return f"pg_catalog.array_to_string(ARRAY[{texts}], ', ', 'null')"


def _listed(columns: str) -> Iterator[str]:
    """The columns and expressions of a list: a comma inside of parentheses ends none."""
    depth, begin = 0, 0
    for place, character in enumerate(columns):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            yield columns[begin:place]
            begin = place + 1
    yield columns[begin:]


def _checks(sql: str) -> Iterator[str]:
    """The conditions of the checks that the statement adds."""
    for found in _CHECK.finditer(sql):
        depth, start = 0, found.end() - 1
        for place in range(start, len(sql)):
            depth += {"(": 1, ")": -1}.get(sql[place], 0)
            if depth == 0:
                yield sql[start + 1 : place]
                break
