"""Where the rows that broke a step are to be looked for, by what PostgreSQL said of it; no I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from alembic_proof.catalog.names import NAME
from alembic_proof.env.server_message import ServerMessage
from alembic_proof.rows.literal import quote, quote_name

_KEY = re.compile(r"Key \((?P<columns>.*)\)=\((?P<values>.*)\) ", re.DOTALL)
_OF_REFERENCES = ("23001", "23503")
_REFERRED = re.compile(r'^update or delete on table ".+" violates')
_ADD = re.compile(r"^\s*ALTER\s+TABLE\b.*\bADD\b", re.IGNORECASE | re.DOTALL)
_CHECK = re.compile(rf"(?:\bCONSTRAINT\s+(?P<name>{NAME})\s+)?\bCHECK\s*\(", re.IGNORECASE)
_BRACKET = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|[()]""")
_VALIDATE = re.compile(r"\bVALIDATE\s+CONSTRAINT\b", re.IGNORECASE)
_ALTER_DOMAIN = re.compile(r"^\s*ALTER\s+DOMAIN\b", re.IGNORECASE)
_VALUE = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*")|\bVALUE\b""", re.IGNORECASE)
ALTER_TYPE = re.compile(
    rf"ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?P<table>{NAME}(?:\.{NAME})?)\s+"
    rf"ALTER\s+(?:COLUMN\s+)?(?P<column>{NAME})\s+(?:SET\s+DATA\s+)?TYPE\s+(?P<type>.+?)"
    r"(?:\s+USING\s+(?P<using>.+?))?;?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_WHERE = re.compile(r"\bINDEX\b.*?\bWHERE\b(.*?);?\s*$", re.IGNORECASE | re.DOTALL)
_REFUSED = re.compile(r'"(.*)"$', re.DOTALL)
_FURTHER = re.compile(r",\s*(?:ALTER|ADD|DROP)\b", re.IGNORECASE)
_LENGTH = re.compile(r"\b(?:var)?char(?:acter)?(?: varying)?\s*\((\d+)\)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Clue:
    """Rows of this table that satisfy the condition are to blame."""

    table: str
    condition: str
    most: int = 1
    tells_all: bool = True
    """Whether the step can do without these rows; otherwise only without all of the table's."""


@dataclass(frozen=True, slots=True)
class Named:
    """What the database holds of the table and the constraint that the error names."""

    columns: tuple[str, ...] = ()
    """Those of the table, now that the step is rolled back."""
    target: str = ""
    """The table that the constraint refers to, quoted."""
    check: str = ""
    """The condition of the constraint, where it was there before the step."""


def clues(message: ServerMessage, named: Named) -> Iterator[Clue]:
    """Where to look, the most precise first."""
    table = relation(message)
    yield from _of_key(message, table, named)
    # A row that was about to be written is in the detail, and nowhere to be found.
    if table and message.sqlstate == "23502" and not message.detail:
        yield Clue(table, f"{quote_name(message.column)} IS NULL")
        if _ADD.search(message.sql):
            yield Clue(table, "true", tells_all=False)
    if table and message.sqlstate == "23514":
        is_there = _VALIDATE.search(message.sql) is not None
        for expression in filter(None, [named.check]) if is_there else _checks(message):
            yield Clue(table, f"NOT ({expression})")
    changed = ALTER_TYPE.search(message.sql)
    length = _LENGTH.search(changed["type"]) if changed else None
    if changed and length:
        value = f"({changed['using'] or changed['column']})::pg_catalog.text"
        yield Clue(changed["table"], f"pg_catalog.char_length({value}) > {length[1]}")


def holds_what_is_refused(message: ServerMessage, changed: re.Match[str]) -> Iterator[Clue]:
    """The rows with the value that the error ends in, where the new type is gone with the step.

    The statement has to convert this column alone, and as it is.
    """
    refused = _REFUSED.search(message.message)
    is_alone = _FURTHER.search(message.sql) is None
    is_bare = (changed["using"] or changed["column"]).partition("::")[0] == changed["column"]
    if refused is not None and message.sqlstate.startswith("22") and is_alone and is_bare:
        condition = f"({changed['column']})::pg_catalog.text = {quote(refused[1])}"
        yield Clue(changed["table"], condition, tells_all=False)


def relation(message: ServerMessage) -> str:
    """The table that the error names, quoted; empty where it names none."""
    return ".".join(map(quote_name, filter(None, (message.schema, message.table))))


def _of_key(message: ServerMessage, table: str, named: Named) -> Iterator[Clue]:
    """The rows of the key that the error's detail names."""
    key = _KEY.search(f"{message.detail} ")
    if not table or key is None:
        return
    is_reference = message.sqlstate in _OF_REFERENCES
    listed = _bare(key["columns"]) if is_reference else [*_listed(key["columns"])]
    if _REFERRED.search(message.message) is not None:
        # The key is of the table that the named one refers to.
        if named.target:
            yield Clue(named.target, _written(listed, key["values"]), tells_all=False)
        return
    new = [place for place, column in enumerate(listed) if _is_new(column, named.columns)]
    if new:
        yield from _beside_new(table, listed, new, key["values"])
        return
    equal = _written(listed, key["values"])
    if (partial := _WHERE.search(message.sql)) is not None:
        yield Clue(table, f"{equal} AND ({partial[1]})", 2)
    yield Clue(table, equal, 2)


def _beside_new(
    table: str, listed: Sequence[str], new: Sequence[int], values: str
) -> Iterator[Clue]:
    """The rows that hold the rest of a key whose `new` columns went with the step."""
    texts = values.split(", ")
    if len(new) == len(listed) or len(texts) != len(listed):
        return
    written = [quote(texts[i]) if i in new else column for i, column in enumerate(listed)]
    yield Clue(table, _written(written, values), 2, tells_all=False)


def _is_new(column: str, columns: Collection[str]) -> bool:
    """Whether it is a column, no expression, that the table does not have any more."""
    return re.fullmatch(NAME, column) is not None and _folded(column) not in columns


def _written(columns: Iterable[str], values: str) -> str:
    """The condition that a key is written in an error's detail as these values."""
    texts = ", ".join(f"({column})::pg_catalog.text" for column in columns)
    return f"pg_catalog.array_to_string(ARRAY[{texts}], ', ', 'null') = {quote(values)}"


def _bare(columns: str) -> list[str]:
    """The columns of a foreign key: PostgreSQL writes them as they are, without any quotes."""
    return [quote_name(name) for name in columns.split(", ")]


def _folded(name: str) -> str:
    """The name that an identifier stands for."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()


def _listed(columns: str) -> Iterator[str]:
    """The columns and expressions of a list: a comma inside of parentheses ends none."""
    depth, begin = 0, 0
    for place, character in enumerate(columns):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            yield columns[begin:place].strip()
            begin = place + 1
    yield columns[begin:].strip()


def _checks(message: ServerMessage) -> Iterator[str]:
    """The condition of the check that the error names, as the statement adds it.

    PostgreSQL gives one without a name a name itself: it is meant where there is no other.
    """
    found = [*_CHECK.finditer(message.sql)]
    named = [one for one in found if one["name"] and _folded(one["name"]) == message.constraint]
    is_domain = _ALTER_DOMAIN.search(message.sql) is not None
    nameless = [one for one in found if is_domain or not one["name"]]
    for one in named or (nameless if len(nameless) == 1 else ()):
        expression = _bracketed(message.sql, one.end())
        yield _VALUE.sub(_of_column(message.column), expression) if is_domain else expression


def _of_column(column: str) -> Callable[[re.Match[str]], str]:
    """What VALUE of a domain's check is replaced by; what is quoted stays."""
    return lambda found: found[1] or quote_name(column)


def _bracketed(sql: str, begin: int) -> str:
    """What stands from there to the bracket that closes it; brackets in quotes close none."""
    depth = 1
    for found in _BRACKET.finditer(sql, begin):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if depth == 0:
            return sql[begin : found.start()]
    return sql[begin:]
