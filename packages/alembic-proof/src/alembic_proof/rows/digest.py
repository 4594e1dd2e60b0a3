"""Read the rows of tables as hashes, so that any two snapshots can be compared.

Of a table with few rows each row is digested under its primary key, so that a difference can be
named. Of a larger table each column is one sum, which ignores the order of rows and counts
duplicates. The hash of a value is that of its text, under settings that make the text exact and
equal in every session. JSON and numbers have a second hash, which ignores how they are written.

Source: runtime-config-client, "Locale and Formatting"; datatype-json; datatype-numeric.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sqlalchemy.engine import Connection

from alembic_proof.catalog.prepared import PreparedStatements, autocommitted, without_jit
from alembic_proof.catalog.queries.rendering_settings import RENDERING_SETTINGS
from alembic_proof.rows.savepoint_batch import (
    StatementFailure,
    StatementOutcome,
    lift_force_rls_sql,
    run_statements,
)
from alembic_proof.rows.schema import TableInfo, TableName, TypeInfo, TypeKind, UserTables
from alembic_proof.rows.sequences import SequencePosition, position_statements, positions_of
from alembic_proof.sql import quote_identifier, quote_literal

FEW_ROWS = 100
"""The number of rows up to which a table is digested row by row."""
_SETTINGS = {**RENDERING_SETTINGS, "xmlbinary": "base64"}

Hash = int | None
"""The hash of a value; None is NULL."""


@dataclass(frozen=True, slots=True)
class RowDigest:
    """One row."""

    key: tuple[str | None, ...]
    """The texts of the primary key; empty where there is none."""
    hashes: tuple[Hash, ...]
    """One for each column."""
    normalised_hashes: tuple[Hash, ...] = ()
    """One for each column in `TableDigest.normalisable`."""


@dataclass(frozen=True, slots=True)
class TableDigest:
    """The rows of one table at one time."""

    table: TableName
    columns: tuple[str, ...]
    primary_key: tuple[str, ...]
    count: int
    rows: tuple[RowDigest, ...] = ()
    """All rows, sorted; empty for a table with many rows."""
    sums: tuple[tuple[int, int], ...] = ()
    """(number of values that are not NULL, sum of their hashes) for each column of many rows."""
    sequence_positions: tuple[SequencePosition, ...] = field(default=(), compare=False)
    """The positions of the sequences of its columns; digests with other positions are equal."""
    normalisable: tuple[str, ...] = ()
    """The columns with JSON or numbers that have a second hash, which ignores their format."""

    def is_empty(self, column: str) -> bool:
        """Return whether the column is NULL in each row that was digested by itself."""
        place = self.columns.index(column) if column in self.columns else None
        return place is not None and all(row.hashes[place] is None for row in self.rows)


@dataclass(frozen=True, slots=True)
class Digests:
    """A snapshot of the tables; equal snapshots mean equal rows in any order."""

    tables: tuple[TableDigest, ...] = ()
    unread: tuple[tuple[TableName, StatementFailure], ...] = ()
    """Tables that could not be read, with the reason."""

    @property
    def sequence_positions(self) -> dict[TableName, tuple[SequencePosition, ...]]:
        """Return the positions of sequences by table."""
        positions = {table.table: table.sequence_positions for table in self.tables}
        return {name: each for name, each in positions.items() if each}

    def find(self, name: TableName) -> TableDigest | None:
        """Return the digest of the table, None where there is none."""
        return next((table for table in self.tables if table.table == name), None)


_Run = Callable[[Sequence[str], Sequence[TableInfo]], tuple[StatementOutcome, ...]]


def digest(
    connection: Connection,
    user_tables: UserTables,
    *,
    tables: Iterable[TableName] | None = None,
    few_rows: int = FEW_ROWS,
    is_alone: bool = False,
) -> Digests:
    """Return the digests of these tables (all by default), sorted by name; changes nothing.

        before = digest(connection, user_tables)

    It takes two round trips, and two more where tables have more than `few_rows` rows.

    :param is_alone: Whether there is neither a transaction nor a table with FORCE ROW LEVEL
        SECURITY: then half the round trips are enough.
    :raises sqlalchemy.exc.DBAPIError: With `is_alone`, a table cannot be read.

    Locks: ACCESS SHARE on the tables; ACCESS EXCLUSIVE where FORCE ROW LEVEL SECURITY applies to
        the connection's role.
    """
    run: _Run = partial(_run_alone if is_alone else _run_pinned, connection)
    names = {table.name for table in user_tables} if tables is None else set(tables)
    roots = {table.name for name in names if (table := user_tables.find(name)) is not None}
    chosen = [table for table in user_tables if table.name in roots]
    columns = {table.name: _normalisable_columns(table) for table in chosen}
    rows = [_rows_sql(table, columns[table.name], few_rows) for table in chosen]
    positions = position_statements(chosen)
    outcomes = run([*rows, *(sql for _, sql in positions)], chosen)
    found, failed = _digests(
        chosen, outcomes[: len(rows)], partial(_row_digests, columns, few_rows)
    )
    # Not every json value can be converted to jsonb; such a table is read without the second hash.
    refused = [table for table in chosen if table.name in failed and columns[table.name]]
    outcomes_again = run([_rows_sql(table, (), few_rows) for table in refused], refused)
    again, failed_again = _digests(refused, outcomes_again, partial(_row_digests, {}, few_rows))
    failed = {name: why for name, why in failed.items() if name not in again} | failed_again
    found |= again
    large = [table for table in chosen if table.name not in found and table.name not in failed]
    sums, failed_sums = _digests(large, run([_sums_sql(one) for one in large], large), _sum_digest)
    found, failed = found | sums, failed | failed_sums
    by_table = positions_of(positions, outcomes[len(rows) :])
    read = (
        replace(found[name], sequence_positions=by_table.get(name, ())) for name in sorted(found)
    )
    return Digests(tuple(read), tuple(failed.items()))


def _run_pinned(
    connection: Connection, statements: Sequence[str], tables: Sequence[TableInfo]
) -> tuple[StatementOutcome, ...]:
    """Run the statements under fixed settings, and undo the settings."""
    settings = "\n".join(
        f"PERFORM pg_catalog.set_config({quote_literal(name)}, {quote_literal(value)}, true);"
        for name, value in _SETTINGS.items()
    )
    before = f"{lift_force_rls_sql(tables)}\n{settings}"
    return run_statements(connection, statements, before=before, is_kept=False)


def _run_alone(
    connection: Connection, statements: Sequence[str], _: Sequence[TableInfo]
) -> tuple[StatementOutcome, ...]:
    """Run the statements as one, which sets the settings for itself."""
    if not statements:
        return ()
    settings = ", ".join(
        f"pg_catalog.set_config({quote_literal(name)}, {quote_literal(value)}, true)"
        for name, value in _SETTINGS.items()
    )
    values = ",\n".join(f"({sql})" for sql in statements)
    sql = f"""SELECT pg_catalog.array_to_json(found.those)::text
FROM (SELECT ARRAY[{settings}] AS settings OFFSET 0) AS pinned
CROSS JOIN LATERAL (SELECT ARRAY[
{values}
]::pg_catalog.jsonb[] AS those WHERE pinned.settings IS NOT NULL OFFSET 0) AS found"""
    with autocommitted(connection), without_jit(connection):
        text = str(PreparedStatements(connection).fetch(sql)[0])
    return tuple(StatementOutcome(value=value) for value in json.loads(text))


def _digests(
    tables: Sequence[TableInfo],
    outcomes: Sequence[StatementOutcome],
    read: Callable[[TableInfo, Any], TableDigest | None],
) -> tuple[dict[TableName, TableDigest], dict[TableName, StatementFailure]]:
    """Return the tables' digests, without those for which `read` gives None, and the failures."""
    found: dict[TableName, TableDigest] = {}
    failed: dict[TableName, StatementFailure] = {}
    for table, outcome in zip(tables, outcomes, strict=True):
        if outcome.failure is not None:
            failed[table.name] = outcome.failure
        elif (one := read(table, outcome.value)) is not None:
            found[table.name] = one
    return found, failed


def _row_digests(
    normalisable: dict[TableName, tuple[str, ...]],
    few_rows: int,
    table: TableInfo,
    rows: list[tuple[list[str | None], list[Hash], list[Hash]]],
) -> TableDigest | None:
    """Return the digest of each row; None for a table with more than few rows."""
    if len(rows) > few_rows:
        return None
    digests = (RowDigest(tuple(key), tuple(one), tuple(other)) for key, one, other in rows)
    return TableDigest(
        table=table.name,
        columns=tuple(column.name for column in table.columns),
        primary_key=table.primary_key,
        count=len(rows),
        rows=tuple(sorted(digests, key=_sort_key)),
        normalisable=normalisable.get(table.name, ()),
    )


def _sort_key(row: RowDigest) -> tuple[tuple[str, ...], tuple[tuple[bool, int], ...]]:
    return (
        tuple(text or "" for text in row.key),
        tuple((value is not None, value or 0) for value in row.hashes),
    )


def _sum_digest(table: TableInfo, value: tuple[int, list[list[str]]]) -> TableDigest:
    count, sums = value
    return TableDigest(
        table=table.name,
        columns=tuple(column.name for column in table.columns),
        primary_key=table.primary_key,
        count=count,
        sums=tuple((int(filled), int(total)) for filled, total in sums),
    )


def _rows_sql(table: TableInfo, normalisable: tuple[str, ...], few_rows: int) -> str:
    """Return a SELECT of `[[[key, …], [hash, …], [normalised hash, …]], …]`.

    It reads one row more than `few_rows`, so that a larger table is recognised.
    """
    key = ", ".join(f"{quote_identifier(name)}::pg_catalog.text" for name in table.primary_key)
    hashes = ", ".join(_value_hash(column.name) for column in table.columns)
    normalised = ", ".join(_normalised_hash(table, name) for name in normalisable)
    return (
        "SELECT coalesce(pg_catalog.jsonb_agg(r.v), '[]') FROM (SELECT"
        f" pg_catalog.jsonb_build_array(ARRAY[{key}]::pg_catalog.text[],"
        f" ARRAY[{hashes}]::pg_catalog.int8[], ARRAY[{normalised}]::pg_catalog.int8[]) AS v"
        f" FROM {table.name} LIMIT {few_rows + 1}) AS r"
    )


def _sums_sql(table: TableInfo) -> str:
    """Return a SELECT of `[count, [[count, sum], …]]`; sums are texts."""
    names = [quote_identifier(column.name) for column in table.columns]
    hashes = ", ".join(
        f"{_value_hash(column.name)} AS {name}"
        for column, name in zip(table.columns, names, strict=True)
    )
    sums = ", ".join(
        f"ARRAY[pg_catalog.count({name}), coalesce(pg_catalog.sum({name}), 0)]" for name in names
    )
    return (
        "SELECT pg_catalog.jsonb_build_array(pg_catalog.count(*),"
        f" ARRAY[{sums}]::pg_catalog.text[]) FROM (SELECT {hashes} FROM {table.name}) AS r"
    )


def _value_hash(column: str) -> str:
    return _text_hash(f"{quote_identifier(column)}::pg_catalog.text")


def _text_hash(text: str, *, seed: str = "0") -> str:
    return f'pg_catalog.hashtextextended({text} COLLATE "C", {seed})'


def _normalisable_columns(table: TableInfo) -> tuple[str, ...]:
    """Return the columns of equal values that PostgreSQL may write in several ways.

    A json value keeps its spelling. jsonb ignores the order of keys, blanks and repeated keys, yet
    keeps zeros at the end of a fraction, as does a numeric without a scale, alone or in an array, a
    range or a composite.
    """
    return tuple(
        column.name
        for column in table.columns
        if _is_json(column.type.base) or _is_numeric(column.type) or _has_numeric(column.type)
    )


def _is_json(base: TypeInfo) -> bool:
    return base.schema == "pg_catalog" and base.name in ("json", "jsonb")


def _is_numeric(type_info: TypeInfo) -> bool:
    """Return whether it is a numeric without a scale, or an array or a range of such numbers."""
    base = type_info.base
    if base.kind in (TypeKind.ARRAY, TypeKind.RANGE, TypeKind.MULTIRANGE):
        return base.part is not None and _is_numeric(base.part)
    return (base.schema, base.name, base.modifier) == ("pg_catalog", "numeric", -1)


def _has_numeric(type_info: TypeInfo) -> bool:
    """Return whether it is a composite with such a number, or an array of such composites."""
    base = type_info.base
    if base.kind is TypeKind.ARRAY and base.part is not None:
        return _has_numeric(base.part)
    return any(_is_numeric(field) or _has_numeric(field) for field in base.fields)


def _normalised_hash(table: TableInfo, name: str) -> str:
    """Return an expression for the hash of the normalised value; it fails where jsonb does."""
    column, quoted = table.column(name), quote_identifier(name)
    if column is None or _is_json(column.type.base):
        return _jsonb_hash(f"{quoted}::pg_catalog.jsonb")
    if column.type.base.kind is TypeKind.BASE:
        return _text_hash(f"pg_catalog.trim_scale({quoted}::pg_catalog.numeric)::pg_catalog.text")
    if _is_numeric(column.type):
        return _text_hash(_without_trailing_zeros(f"{quoted}::pg_catalog.text"))
    return _jsonb_hash(f"pg_catalog.to_jsonb({quoted})")


def _jsonb_hash(value: str) -> str:
    """Return an expression for the hash of a jsonb value.

    PostgreSQL's own hash of jsonb may be equal for different structures; the text distinguishes
    them. The own hash distinguishes texts that look like numbers with other zeros.
    """
    text = _without_trailing_zeros(f"({value})::pg_catalog.text")
    return _text_hash(text, seed=f"pg_catalog.jsonb_hash_extended({value}, 0)")


def _without_trailing_zeros(text: str) -> str:
    zeros, kept = quote_literal(r"\.0+(?!\d)|(\.\d*?[1-9])0+(?!\d)"), quote_literal(r"\1")
    return f"pg_catalog.regexp_replace({text}, {zeros}, {kept}, 'g')"


def with_normalised_values(*snapshots: Digests) -> tuple[Digests, ...]:
    """Return these snapshots with normalised hashes, where a column has them in each of them."""
    tables = [table for snapshot in snapshots for table in snapshot.tables]
    known = {(table.table, name) for table in tables for name in table.normalisable}
    if not known:
        return snapshots
    known -= {
        (table.table, name)
        for table in tables
        for name in table.columns
        if name not in table.normalisable
    }
    return tuple(
        replace(snapshot, tables=tuple(_with_normalised(table, known) for table in snapshot.tables))
        for snapshot in snapshots
    )


def _with_normalised(table: TableDigest, known: set[tuple[TableName, str]]) -> TableDigest:
    """Return the table whose known columns have the normalised hash only."""
    names = [name for name in table.normalisable if (table.table, name) in known]
    if not names:
        return table
    places = [(table.columns.index(name), table.normalisable.index(name)) for name in names]
    rest = [place for place, name in enumerate(table.normalisable) if name not in names]

    def normalised(row: RowDigest) -> RowDigest:
        hashes = [*row.hashes]
        for column, place in places:
            hashes[column] = row.normalised_hashes[place]
        kept = tuple(row.normalised_hashes[place] for place in rest)
        return replace(row, hashes=tuple(hashes), normalised_hashes=kept)

    return replace(
        table,
        rows=tuple(normalised(row) for row in table.rows),
        normalisable=tuple(table.normalisable[place] for place in rest),
    )
