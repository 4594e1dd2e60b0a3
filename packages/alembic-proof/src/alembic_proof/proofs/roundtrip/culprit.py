"""The row that broke a step, found again in the database that the step was rolled back in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from alembic_proof.env.server_message import ServerMessage, server_message
from alembic_proof.errors import ProofError
from alembic_proof.postgres.connect import run_on
from alembic_proof.rows import TableName
from alembic_proof.rows.literal import quote, quote_name
from alembic_proof.rows.run import run_each

_KEY = re.compile(r"Key \((?P<columns>.*)\)=\((?P<values>.*)\) ", re.DOTALL)
_CHECK = re.compile(r"\bCHECK\s*\(", re.IGNORECASE)
_NAME = r'(?:"(?:[^"]|"")+"|[\w$]+)'
_ALTER_TYPE = re.compile(
    rf"ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?P<table>{_NAME}(?:\.{_NAME})?)\s+"
    rf"ALTER\s+(?:COLUMN\s+)?(?P<column>{_NAME})\s+(?:SET\s+DATA\s+)?TYPE\s+(?P<type>.+?)"
    r"(?:\s+USING\s+(?P<using>.+?))?;?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_LENGTH = re.compile(r"\b(?:var)?char(?:acter)?(?: varying)?\s*\((\d+)\)", re.IGNORECASE)
_ALL = "true"
_MOST_ROWS = 1_000
_MOST_CHARACTERS = 40
_MOST_COLUMNS = 8


@dataclass(frozen=True, slots=True)
class _Clue:
    """Rows of this table that satisfy the condition are to blame."""

    table: str
    condition: str
    most: int = 1


@dataclass(frozen=True, slots=True)
class Culprit:
    """What broke a step; texts are empty where PostgreSQL does not say enough."""

    table: TableName | None = None
    rows: str = ""
    """`users (id=2, email=NULL)`."""
    condition: str = ""
    """What all rows to blame satisfy in that table, as SQL, and others need not."""


def find_culprit(url: str, error: BaseException) -> Culprit:
    """The table, and the rows found again in it, that the error is about."""
    message = server_message(error)
    if message is None:
        return Culprit()
    try:
        return run_on(url, lambda connection: _find(connection, message))
    except (ProofError, SQLAlchemyError, OSError):
        return Culprit()


def _find(connection: Connection, message: ServerMessage) -> Culprit:
    table = _table(connection, message)
    for clue in _clues(message):
        found = _rows(connection, clue)
        if found:
            return Culprit(
                table,
                "; ".join(_shown(clue.table, row) for row in found),
                condition="" if clue.condition == _ALL else clue.condition,
            )
    return _inconvertible(connection, message, table)


def _table(connection: Connection, message: ServerMessage) -> TableName | None:
    """The table that the error names, else the one that the statement alters."""
    named = ".".join(quote_name(name) for name in (message.schema, message.table) if name)
    changed = _ALTER_TYPE.search(message.sql)
    text = named if message.table else changed["table"] if changed else ""
    sql = (
        "SELECT pg_catalog.to_jsonb(pg_catalog.format('%I.%I', n.nspname, c.relname))"
        " FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
        f" WHERE c.oid = pg_catalog.to_regclass({quote(text)})"
    )
    [outcome] = run_each(connection, [sql] if text else ["SELECT NULL::jsonb"], is_kept=False)
    return None if outcome.value is None else TableName(outcome.value)


def _clues(message: ServerMessage) -> Iterator[_Clue]:
    """Where to look, the most precise first."""
    table = ".".join(quote_name(name) for name in (message.schema, message.table) if name)
    key = _KEY.search(f"{message.detail} ")
    if table and key is not None:
        values = quote(key["values"])
        yield _Clue(table, f"pg_catalog.concat_ws(', ', {key['columns']}) = {values}", 2)
    if table and message.sqlstate == "23502":
        yield _Clue(table, f"{quote_name(message.column)} IS NULL")
        yield _Clue(table, _ALL)
    if table and message.sqlstate == "23514":
        for expression in _checks(message.sql):
            yield _Clue(table, f"NOT ({expression})")
    changed = _ALTER_TYPE.search(message.sql)
    length = _LENGTH.search(changed["type"]) if changed else None
    if changed and length:
        value = f"({changed['using'] or changed['column']})::pg_catalog.text"
        yield _Clue(changed["table"], f"pg_catalog.char_length({value}) > {length[1]}")


def _checks(sql: str) -> Iterator[str]:
    """The conditions of the checks that the statement adds."""
    for found in _CHECK.finditer(sql):
        depth, start = 0, found.end() - 1
        for place in range(start, len(sql)):
            depth += {"(": 1, ")": -1}.get(sql[place], 0)
            if depth == 0:
                yield sql[start + 1 : place]
                break


def _rows(connection: Connection, clue: _Clue) -> list[dict[str, Any]]:
    """At most the clue's number of rows; none where the condition cannot be asked."""
    sql = (
        "SELECT pg_catalog.jsonb_agg(r.v) FROM (SELECT pg_catalog.to_jsonb(t.*) AS v"
        f" FROM {clue.table} AS t WHERE {clue.condition} LIMIT {clue.most}) AS r"
    )
    [outcome] = run_each(connection, [sql], is_kept=False)
    return list(outcome.value or ())


def _inconvertible(
    connection: Connection, message: ServerMessage, table: TableName | None
) -> Culprit:
    """The rows whose values the column's new type does not take, the first one in words."""
    changed = _ALTER_TYPE.search(message.sql)
    if changed is None:
        return Culprit(table)
    value = f"({changed['using'] or changed['column']})::{changed['type']}"
    places = _places(connection, changed["table"])
    casts = [
        f"SELECT pg_catalog.to_jsonb(({value})::pg_catalog.text) FROM {changed['table']}"
        f" WHERE ctid = {quote(place)}"
        for place in places
    ]
    outcomes = run_each(connection, casts, is_kept=False)
    wrong = [place for place, one in zip(places, outcomes, strict=True) if one.failure is not None]
    if not wrong:
        return Culprit(table)
    [first] = _rows(connection, _Clue(changed["table"], f"ctid = {quote(wrong[0])}"))
    condition = f"ctid IN ({', '.join(map(quote, wrong))})"
    return Culprit(table, _shown(changed["table"], first), condition)


def _places(connection: Connection, table: str) -> list[str]:
    """Where the table's rows are, or the first of them."""
    few = f"SELECT ctid::pg_catalog.text AS c FROM {table} LIMIT {_MOST_ROWS}"
    sql = f"SELECT pg_catalog.jsonb_agg(r.c) FROM ({few}) AS r"
    [outcome] = run_each(connection, [sql], is_kept=False)
    return list(outcome.value or ())


def _shown(table: str, row: dict[str, Any]) -> str:
    """`users (id=2, email=NULL, …)`."""
    texts = [f"{name}={_text(value)}" for name, value in row.items()]
    more = ["…"] if len(texts) > _MOST_COLUMNS else []
    name = table.replace('"', "").removeprefix("public.")
    return f"{name} ({', '.join([*texts[:_MOST_COLUMNS], *more])})"


def _text(value: Any) -> str:
    if value is None:
        return "NULL"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
