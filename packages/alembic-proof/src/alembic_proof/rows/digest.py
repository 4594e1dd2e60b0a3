"""What tables hold, as numbers: a hash for every value, so that any two readings can be compared.

The rows of a table in which there are few are digested one by one, under their primary key, so
that a difference can be named; of a larger table every column is one sum, in which order does not
matter and duplicates do. A value's hash is that of its text, under settings that make the text
exact and the same in every session.

Source: https://www.postgresql.org/docs/current/runtime-config-client.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy.engine import Connection

from alembic_proof.catalog.prepared import Prepared, without_jit, without_transaction
from alembic_proof.catalog.queries.pinned import PINNED
from alembic_proof.rows.literal import quote, quote_name
from alembic_proof.rows.position import Position, position_statements, positions_of
from alembic_proof.rows.respellable import meaning, respellable
from alembic_proof.rows.run import Failure, Outcome, run_each
from alembic_proof.rows.shape import Shapes, Table, TableName
from alembic_proof.rows.sight import unforce

FEW_ROWS = 100
"""How many rows are digested one by one."""
_PINS = {**PINNED, "xmlbinary": "base64"}

Hash = int | None
"""A value's hash; None is NULL."""


@dataclass(frozen=True, slots=True)
class RowDigest:
    """One row."""

    key: tuple[str | None, ...]
    """The primary key's texts, () where there is no primary key."""
    hashes: tuple[Hash, ...]
    """One for each column."""
    meanings: tuple[Hash, ...] = ()
    """One for each of the table's respellable columns."""


@dataclass(frozen=True, slots=True)
class TableDigest:
    """One table's rows at one time."""

    table: TableName
    columns: tuple[str, ...]
    primary: tuple[str, ...]
    count: int
    rows: tuple[RowDigest, ...] = ()
    """All rows, sorted, where there are few; else none."""
    sums: tuple[tuple[int, int], ...] = ()
    """(values that are not NULL, sum of their hashes) for each column, where there are many."""
    positions: tuple[Position, ...] = field(default=(), compare=False)
    """Where the sequences stand that number its rows; equal rows may have other ones."""
    respellable: tuple[str, ...] = ()
    """The columns that `rows.respellable` names, of JSON where all that they hold can be jsonb: what they
    mean is known as well."""

    def is_empty(self, column: str) -> bool:
        """Whether the column is NULL in each of the rows, as far as they are known one by one."""
        place = self.columns.index(column) if column in self.columns else None
        return place is not None and all(row.hashes[place] is None for row in self.rows)


@dataclass(frozen=True, slots=True)
class Digests:
    """What the tables held; equal digests mean equal rows, whatever their order."""

    tables: tuple[TableDigest, ...] = ()
    unread: tuple[tuple[TableName, Failure], ...] = ()
    """Tables that could not be read, and why."""

    @property
    def positions(self) -> dict[TableName, tuple[Position, ...]]:
        """Where sequences stand, by table."""
        return {table.table: table.positions for table in self.tables if table.positions}

    def find(self, name: TableName) -> TableDigest | None:
        """The table's digest, None where there is none."""
        return next((table for table in self.tables if table.table == name), None)


def digest(
    connection: Connection,
    shapes: Shapes,
    *,
    tables: Iterable[TableName] | None = None,
    few_rows: int = FEW_ROWS,
    is_alone: bool = False,
) -> Digests:
    """The digests of these tables (all by default), sorted by name; leaves nothing behind.

    Two round trips, and as many for tables of more than `few_rows` rows. Where no transaction
    runs and no table is forced, `is_alone` halves them; then any table that cannot be read has the
    server refuse them all.

    Raises:
        the driver's own error: with `is_alone`, a table cannot be read.

    Locks: ACCESS SHARE on the tables; ACCESS EXCLUSIVE where FORCE ROW LEVEL SECURITY binds the
        connection's own role.
    """
    run = _run_alone if is_alone else _run
    names = {table.name for table in shapes} if tables is None else set(tables)
    roots = {table.name for name in names if (table := shapes.find(name)) is not None}
    chosen = [table for table in shapes if table.name in roots]
    numbered = position_statements(chosen)
    few, failed, positions = _few(
        run, connection, chosen, few_rows, has_meanings=True, more=[sql for _, sql in numbered]
    )
    # Not all that json holds can be jsonb: then it is known by its text alone.
    refused = [table for table in chosen if table.name in failed and respellable(table)]
    again, still, _ = _few(run, connection, refused, few_rows, has_meanings=False)
    failed = {name: why for name, why in failed.items() if name not in again} | still
    found = few | again
    many, lost = _many(run, connection, [t for t in chosen if t.name not in found | failed])
    found, failed = found | many, failed | lost
    stand = positions_of(numbered, positions)
    read = (replace(found[name], positions=stand.get(name, ())) for name in sorted(found))
    return Digests(tuple(read), tuple(failed.items()))


_Run = Callable[[Connection, Sequence[str], Iterable[Table]], tuple[Outcome, ...]]


def _few(
    run: _Run,
    connection: Connection,
    tables: Sequence[Table],
    most: int,
    *,
    has_meanings: bool,
    more: Sequence[str] = (),
) -> tuple[dict[TableName, TableDigest], dict[TableName, Failure], tuple[Outcome, ...]]:
    """The digests of those that have few rows, why others cannot be read, and what `more` gave."""
    found: dict[TableName, TableDigest] = {}
    failed: dict[TableName, Failure] = {}
    named = [respellable(table) if has_meanings else () for table in tables]
    statements = [_rows_sql(*one, most) for one in zip(tables, named, strict=True)]
    outcomes = run(connection, [*statements, *more], tables)
    for table, names, outcome in zip(tables, named, outcomes[: len(tables)], strict=True):
        if outcome.failure is not None:
            failed[table.name] = outcome.failure
        elif len(outcome.value) <= most:
            found[table.name] = _digest_of(table, names, outcome.value)
    return found, failed, outcomes[len(tables) :]


def _many(
    run: _Run, connection: Connection, tables: Sequence[Table]
) -> tuple[dict[TableName, TableDigest], dict[TableName, Failure]]:
    """The digests of those that have many rows, and why others cannot be read."""
    found: dict[TableName, TableDigest] = {}
    failed: dict[TableName, Failure] = {}
    outcomes = run(connection, [_sums_sql(table) for table in tables], tables)
    for table, outcome in zip(tables, outcomes, strict=True):
        if outcome.failure is not None:
            failed[table.name] = outcome.failure
        else:
            found[table.name] = _sums_of(table, outcome.value)
    return found, failed


def _run(
    connection: Connection, statements: Sequence[str], tables: Iterable[Table]
) -> tuple[Outcome, ...]:
    pins = "\n".join(
        f"PERFORM pg_catalog.set_config({quote(name)}, {quote(value)}, true);"
        for name, value in _PINS.items()
    )
    return run_each(connection, statements, before=unforce(tables) + "\n" + pins, is_kept=False)


def _run_alone(
    connection: Connection, statements: Sequence[str], _: Iterable[Table]
) -> tuple[Outcome, ...]:
    """The same in one statement, which has the settings for itself."""
    if not statements:
        return ()
    pins = ", ".join(
        f"pg_catalog.set_config({quote(name)}, {quote(value)}, true)"
        for name, value in _PINS.items()
    )
    values = ",\n".join(f"({sql})" for sql in statements)
    sql = f"""SELECT pg_catalog.array_to_json(found.those)::text
FROM (SELECT ARRAY[{pins}] AS pins OFFSET 0) AS pinned
CROSS JOIN LATERAL (SELECT ARRAY[
{values}
]::pg_catalog.jsonb[] AS those WHERE pinned.pins IS NOT NULL OFFSET 0) AS found"""
    with without_transaction(connection), without_jit(connection):
        text = str(Prepared(connection).row_once(sql)[0])
    return tuple(Outcome(value=value) for value in json.loads(text))


def _hash(column: str) -> str:
    return f'pg_catalog.hashtextextended({quote_name(column)}::pg_catalog.text COLLATE "C", 0)'


def _rows_sql(table: Table, names: tuple[str, ...], most: int) -> str:
    """A statement that gives `[[[key, …], [hash, …], [meaning, …]], …]`, one row above the most."""
    key = ", ".join(f"{quote_name(name)}::pg_catalog.text" for name in table.primary)
    hashes = ", ".join(_hash(column.name) for column in table.columns)
    meanings = ", ".join(meaning(table, name) for name in names)
    return (
        "SELECT coalesce(pg_catalog.jsonb_agg(r.v), '[]') FROM (SELECT"
        f" pg_catalog.jsonb_build_array(ARRAY[{key}]::pg_catalog.text[],"
        f" ARRAY[{hashes}]::pg_catalog.int8[], ARRAY[{meanings}]::pg_catalog.int8[]) AS v FROM {table.name} LIMIT {most + 1}) AS r"
    )


def _sums_sql(table: Table) -> str:
    """A statement whose value is `[count, [[count, sum], …]]`; sums as texts."""
    hashes = ", ".join(
        f"{_hash(column.name)} AS {quote_name(column.name)}" for column in table.columns
    )
    sums = ", ".join(
        f"ARRAY[pg_catalog.count({name}), coalesce(pg_catalog.sum({name}), 0)]"
        for name in (quote_name(column.name) for column in table.columns)
    )
    return (
        "SELECT pg_catalog.jsonb_build_array(pg_catalog.count(*),"
        f" ARRAY[{sums}]::pg_catalog.text[]) FROM (SELECT {hashes} FROM {table.name}) AS r"
    )


def _digest_of(
    table: Table,
    names: tuple[str, ...],
    rows: list[tuple[list[str | None], list[Hash], list[Hash]]],
) -> TableDigest:
    digests = (RowDigest(tuple(key), tuple(hashes), tuple(meant)) for key, hashes, meant in rows)
    return TableDigest(
        table=table.name,
        columns=tuple(column.name for column in table.columns),
        primary=table.primary,
        count=len(rows),
        rows=tuple(sorted(digests, key=_sortable)),
        respellable=names,
    )


def _sums_of(table: Table, value: tuple[int, list[list[str]]]) -> TableDigest:
    count, sums = value
    return TableDigest(
        table=table.name,
        columns=tuple(column.name for column in table.columns),
        primary=table.primary,
        count=count,
        sums=tuple((int(filled), int(total)) for filled, total in sums),
    )


def _sortable(row: RowDigest) -> tuple[tuple[str, ...], tuple[tuple[bool, int], ...]]:
    return (
        tuple(text or "" for text in row.key),
        tuple((value is not None, value or 0) for value in row.hashes),
    )
