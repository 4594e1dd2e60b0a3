"""The positions of the sequences that number rows, and sequences that no default names.

Behind the greatest number of its column a sequence gives numbers that are taken. That a sequence
has moved on is no difference: a rollback does not take its numbers back.

Source: functions-sequence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from alembic_proof.rows.savepoint_batch import StatementOutcome, run_statements
from alembic_proof.rows.schema import ColumnInfo, DefaultKind, TableInfo, TableName, display_name
from alembic_proof.sql import quote_identifier, quote_literal

_INTEGERS = frozenset({"int2", "int4", "int8"})


@dataclass(frozen=True, slots=True)
class SequencePosition:
    """The position of one sequence, beside the column that it numbers."""

    column: str
    next: int
    """The number that it gives next."""
    step: int
    """Its INCREMENT, negative for a descending sequence."""
    farthest: int | None
    """The greatest number in the column, the least for a negative step; None without rows."""
    sequence: int
    """Its OID, which a rename of table, column or sequence does not change."""

    @property
    def is_behind(self) -> bool:
        """Return whether it may give a number that is in the column already."""
        if self.farthest is None:
            return False
        return self.next <= self.farthest if self.step > 0 else self.next >= self.farthest

    def has_gone_back(self, earlier: SequencePosition) -> bool:
        """Return whether it gives a number that it had passed before."""
        return self.next < earlier.next if self.step > 0 else self.next > earlier.next


@dataclass(frozen=True, slots=True)
class SequenceBehind:
    """A sequence that was ahead of its column's numbers and is no longer."""

    table: TableName
    position: SequencePosition

    @property
    def qualified_name(self) -> str:
        """Return table and column: `users.id`."""
        return f"{display_name(self.table)}.{self.position.column}"

    def describe(self, *, when: str) -> str:
        """Return `users.id: its sequence returns 1 next after downgrade, but …`."""
        return (
            f"{self.qualified_name}: its sequence returns {self.position.next} next {when}, "
            f"but the column already holds {self.position.farthest}"
        )


def position_statements(tables: Iterable[TableInfo]) -> tuple[tuple[TableName, str], ...]:
    """Return (table, a SELECT of one position) for each column with a sequence.

    Columns outside of unique keys are left out: their numbers may occur twice.
    """
    return tuple(
        (table.name, _position_sql(table, column))
        for table in tables
        for column in table.columns
        if column.sequence and column.type.base.name in _INTEGERS
        if any(column.name in key.columns for key in table.keys)
    )


def positions_of(
    statements: Iterable[tuple[TableName, str]], outcomes: Iterable[StatementOutcome]
) -> dict[TableName, tuple[SequencePosition, ...]]:
    """Return the positions by table, without sequences that cannot be read."""
    found: dict[TableName, tuple[SequencePosition, ...]] = {}
    for (name, _), outcome in zip(statements, outcomes, strict=True):
        if outcome.failure is None and outcome.value is not None:
            found[name] = (*found.get(name, ()), SequencePosition(*outcome.value))
    return found


def find_sequences_behind(
    before: Mapping[TableName, tuple[SequencePosition, ...]],
    after: Mapping[TableName, tuple[SequencePosition, ...]],
) -> Iterator[SequenceBehind]:
    """Yield the sequences that have gone back behind a number in their column.

    A new sequence is among them where its column has such numbers already.
    """
    earlier, now = _by_column(before), _by_column(after)
    gone = {known.sequence: known for column, known in earlier.items() if column not in now}
    for (name, column), position in now.items():
        known = earlier.get((name, column)) or gone.get(position.sequence)
        if not position.is_behind or (known is not None and known.is_behind):
            continue
        if known is None or position.has_gone_back(known):
            yield SequenceBehind(name, position)


def _by_column(
    positions: Mapping[TableName, tuple[SequencePosition, ...]],
) -> dict[tuple[TableName, str], SequencePosition]:
    return {(name, one.column): one for name, each in positions.items() for one in each}


def _position_sql(table: TableInfo, column: ColumnInfo) -> str:
    sequence, name = column.sequence, quote_identifier(column.name)
    return (
        f"SELECT pg_catalog.jsonb_build_array({quote_literal(column.name)}::pg_catalog.text,"
        " s.last_value + CASE WHEN s.is_called THEN q.seqincrement ELSE 0 END, q.seqincrement,"
        f" CASE WHEN q.seqincrement > 0 THEN (SELECT pg_catalog.max({name}) FROM {table.name})"
        f" ELSE (SELECT pg_catalog.min({name}) FROM {table.name}) END, q.seqrelid::pg_catalog.int8)"
        f" FROM {sequence} AS s JOIN pg_catalog.pg_sequence AS q"
        f" ON q.seqrelid = {quote_literal(sequence)}::pg_catalog.regclass"
        " AND NOT q.seqcycle"
    )


def advance_implicit_sequences(connection: sa.Connection, tables: Iterable[TableInfo]) -> None:
    """Advance the sequences of columns without a default beyond all their numbers.

    SQLAlchemy's `Sequence` and some frameworks take the next number themselves, from a sequence
    that is named after table and column.

    Locks: ACCESS SHARE on the tables that have such a column.
    """
    run_statements(
        connection,
        [_advance_sql(table, name) for table in tables for name in _without_default(table)],
    )


def _without_default(table: TableInfo) -> list[str]:
    """Return the integer columns of the primary key that have no default."""
    return [
        column.name
        for column in table.columns
        if column.name in table.primary_key
        and column.type.base.name in _INTEGERS
        and column.default_kind is DefaultKind.NONE
        and not column.is_generated
    ]


def _advance_sql(table: TableInfo, column: str) -> str:
    """Return a SELECT that has no effect where there is no such sequence."""
    greatest = f"(SELECT pg_catalog.max({quote_identifier(column)}) FROM {table.name})"
    last = "pg_catalog.pg_sequence_last_value(s.oid)"
    return (
        f"SELECT pg_catalog.to_jsonb(pg_catalog.setval(s.oid, greatest({greatest}, {last})))"
        " FROM pg_catalog.pg_class AS s JOIN pg_catalog.pg_class AS t"
        " ON t.relnamespace = s.relnamespace"
        f" AND s.relname = t.relname || '_' || {quote_literal(column)} || '_seq'"
        f" WHERE s.relkind = 'S' AND t.oid = {quote_literal(table.name)}::pg_catalog.regclass"
        f" AND {greatest} > 0"
    )
