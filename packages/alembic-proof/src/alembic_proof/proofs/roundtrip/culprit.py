"""The row that broke a step, found again in the database that the step was rolled back in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from alembic_proof.env.server_message import ServerMessage, server_message, shortened
from alembic_proof.errors import ProofError
from alembic_proof.postgres.connect import run_on
from alembic_proof.proofs.roundtrip.clue import (
    ALTER_TYPE,
    Clue,
    Named,
    clues,
    holds_what_is_refused,
    relation,
)
from alembic_proof.rows import TableName
from alembic_proof.rows.literal import quote
from alembic_proof.rows.run import Outcome, run_each
from alembic_proof.rows.twins import Twins

_WORD = re.compile(r"[\w$]+")
_UNFORCE = """
IF (SELECT c.relforcerowsecurity FROM pg_catalog.pg_class AS c
    WHERE c.oid = pg_catalog.to_regclass({name})) THEN
    ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
END IF;"""
"""Has every row be seen; it is rolled back."""
_PLACE = "tableoid::pg_catalog.text, ctid::pg_catalog.text"
_MOST_ROWS = 1_000
_MOST_COLUMNS = 8


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


def rows_of(url: str, twins: Twins) -> str:
    """These rows in words, as long as they are where they were written; empty where they are not."""
    clue = Clue(twins.table, _at(twins.places))
    try:
        return "; ".join(run_on(url, lambda connection: _rows(connection, clue, said="")))
    except (ProofError, SQLAlchemyError, OSError):
        return ""


def _find(connection: Connection, message: ServerMessage) -> Culprit:
    table = _table(connection, message)
    for clue in clues(message, _named(connection, message)):
        found = _rows(connection, clue, said=f"{message.one_line} {message.sql}")
        if found:
            return Culprit(
                table,
                "; ".join(found),
                condition=clue.condition if clue.tells_all else "",
            )
    return _inconvertible(connection, message, table)


def _table(connection: Connection, message: ServerMessage) -> TableName | None:
    """The table that the error names, else the one that the statement alters."""
    changed = ALTER_TYPE.search(message.sql)
    text = relation(message) if message.table else changed["table"] if changed else ""
    sql = (
        "SELECT pg_catalog.to_jsonb(pg_catalog.format('%I.%I', n.nspname, c.relname))"
        " FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
        f" WHERE c.oid = pg_catalog.to_regclass({quote(text)})"
    )
    [outcome] = run_each(connection, [sql] if text else ["SELECT NULL::jsonb"], is_kept=False)
    return None if outcome.value is None else TableName(outcome.value)


def _named(connection: Connection, message: ServerMessage) -> Named:
    """What there is of what the error names."""
    sql = f"""
SELECT pg_catalog.jsonb_build_array(
    (SELECT pg_catalog.jsonb_agg(a.attname) FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = o.id AND NOT a.attisdropped),
    (SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_constraint AS k
        JOIN pg_catalog.pg_class AS c ON c.oid = k.confrelid
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE k.conrelid = o.id AND k.conname = {quote(message.constraint)}),
    (SELECT pg_catalog.pg_get_expr(k.conbin, k.conrelid) FROM pg_catalog.pg_constraint AS k
        WHERE k.conrelid = o.id AND k.conname = {quote(message.constraint)} AND k.contype = 'c'))
FROM pg_catalog.to_regclass(nullif({quote(relation(message))}, '')) AS o (id)"""
    [outcome] = run_each(connection, [sql], is_kept=False)
    columns, target, check = outcome.value or (None, None, None)
    return Named(tuple(columns or ()), target or "", check or "")


def _rows(connection: Connection, clue: Clue, *, said: str) -> list[str]:
    """At most the clue's number of rows, in words; none where the condition cannot be asked.

    Columns that are `said` are shown first.
    """
    sql = (
        "SELECT pg_catalog.jsonb_agg(r.v) FROM (SELECT pg_catalog.to_json(t.*)::pg_catalog.text"
        f" AS v FROM {clue.table} AS t WHERE {clue.condition} LIMIT {clue.most}) AS r"
    )
    [outcome] = _ask(connection, clue.table, [sql])
    return [_shown(clue.table, json.loads(row), said) for row in outcome.value or ()]


def _ask(connection: Connection, table: str, statements: Sequence[str]) -> tuple[Outcome, ...]:
    """What the statements give while every row of the table is to be seen; nothing of it stays."""
    before = _UNFORCE.format(table=table, name=quote(table))
    return run_each(connection, statements, before=before, is_kept=False)


def _inconvertible(
    connection: Connection, message: ServerMessage, table: TableName | None
) -> Culprit:
    """The rows whose values the column's new type does not take, the first one in words."""
    changed = ALTER_TYPE.search(message.sql)
    if changed is None:
        return Culprit(table)
    value = f"({changed['using'] or changed['column']})::{changed['type']}"
    places = _places(connection, changed["table"])
    casts = [
        f"SELECT pg_catalog.to_jsonb(({value})::pg_catalog.text) FROM {changed['table']}"
        f" WHERE ctid = {quote(place)} AND tableoid = {quote(oid)}"
        for oid, place in places
    ]
    outcomes = _ask(connection, changed["table"], casts)
    wrong = [
        place
        for place, one in zip(places, outcomes, strict=True)
        if one.failure is not None and one.failure.sqlstate == message.sqlstate
    ]
    if not wrong:
        found = (_rows(connection, one, said="") for one in holds_what_is_refused(message, changed))
        return Culprit(table, "; ".join(chain.from_iterable(found)))
    clue = Clue(changed["table"], _at(wrong[:1]))
    rows = "; ".join(_rows(connection, clue, said=message.sql))
    return Culprit(table, rows, _at(wrong))


def _places(connection: Connection, table: str) -> list[tuple[str, str]]:
    """Where the table's rows are, or the first of them: a table or partition, and a place in it."""
    few = f"SELECT {_PLACE} FROM {table} LIMIT {_MOST_ROWS}"
    sql = (
        f"SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(o, c)) FROM ({few}) AS r (o, c)"
    )
    [outcome] = _ask(connection, table, [sql])
    return [(oid, place) for oid, place in outcome.value or ()]


def _at(places: Iterable[tuple[str, str]]) -> str:
    """The condition that a row is at one of these places."""
    listed = ", ".join(f"({quote(oid)}, {quote(place)})" for oid, place in places)
    return f"({_PLACE}) IN ({listed})"


def _shown(table: str, row: dict[str, Any], said: str) -> str:
    """`users (id=2, email=NULL, …)`: of many columns the first, and those that are spoken of."""
    words = set(_WORD.findall(said))
    ranked = sorted(row, key=lambda name: name not in words)
    few = {*list(row)[:1], *ranked[: _MOST_COLUMNS - 1]} if len(row) > _MOST_COLUMNS else {*row}
    texts = [f"{name}={_text(value)}" for name, value in row.items() if name in few]
    more = ["…"] if len(few) < len(row) else []
    name = table.replace('"', "").removeprefix("public.")
    return f"{name} ({', '.join([*texts, *more])})"


def _text(value: Any) -> str:
    if value is None:
        return "NULL"
    return shortened(repr(value) if isinstance(value, str) else str(value))
