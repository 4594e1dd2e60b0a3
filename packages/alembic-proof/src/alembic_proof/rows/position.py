"""Where the sequences stand that number a table's rows: behind them their numbers are taken.

That a sequence has moved on is nothing: no transaction that is rolled back takes a number back.

Source: https://www.postgresql.org/docs/current/functions-sequence.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from alembic_proof.rows.literal import quote, quote_name
from alembic_proof.rows.run import Outcome
from alembic_proof.rows.shape import Column, Table, TableName, shown

_INTEGERS = frozenset({"int2", "int4", "int8"})


@dataclass(frozen=True, slots=True)
class Position:
    """One sequence beside the column that it numbers."""

    column: str
    next: int
    """What it gives next."""
    step: int
    """What it adds each time; it counts down where this is negative."""
    farthest: int | None
    """The greatest number in the column, the least where it counts down; None without rows."""
    sequence: int
    """Its OID, which stays when table, column or sequence get other names."""

    @property
    def is_behind(self) -> bool:
        """Whether numbers that it will give are there already, or may be."""
        if self.farthest is None:
            return False
        return self.next <= self.farthest if self.step > 0 else self.next >= self.farthest

    def has_gone_back(self, earlier: Position) -> bool:
        """Whether it gives a number next that it had left behind earlier."""
        return self.next < earlier.next if self.step > 0 else self.next > earlier.next


@dataclass(frozen=True, slots=True)
class FallenBehind:
    """A sequence that stood beyond its column's rows and does no longer."""

    table: TableName
    position: Position

    @property
    def place(self) -> str:
        """The table and the column."""
        return f"{shown(self.table)}.{self.position.column}"

    def told(self, *, when: str) -> str:
        """`users.id: its sequence gives 1 next after downgrade, and 3 is there`."""
        return (
            f"{self.place}: its sequence gives {self.position.next} next {when}, "
            f"and {self.position.farthest} is there"
        )


def position_statements(tables: Iterable[Table]) -> tuple[tuple[TableName, str], ...]:
    """Each table with a statement for each of its numbered columns; its value is one position.

    Those that are in no key may come twice, as the numbers of a sequence do that begins again.
    """
    return tuple(
        (table.name, _statement(table, column))
        for table in tables
        for column in table.columns
        if column.sequence and column.type.base.name in _INTEGERS
        if any(column.name in key.columns for key in table.keys)
    )


def positions_of(
    statements: Iterable[tuple[TableName, str]], outcomes: Iterable[Outcome]
) -> dict[TableName, tuple[Position, ...]]:
    """The positions by table; a sequence that cannot be read has none."""
    found: dict[TableName, tuple[Position, ...]] = {}
    for (name, _), outcome in zip(statements, outcomes, strict=True):
        if outcome.failure is None and outcome.value is not None:
            found[name] = (*found.get(name, ()), Position(*outcome.value))
    return found


def fallen_behind(
    before: Mapping[TableName, tuple[Position, ...]],
    after: Mapping[TableName, tuple[Position, ...]],
) -> Iterator[FallenBehind]:
    """The sequences that have gone back behind rows that they had numbered or passed.

    Those as well that are new beside rows that have numbers already.
    """
    earlier, now = _by_column(before), _by_column(after)
    renamed = {known.sequence: known for at, known in earlier.items() if at not in now}
    for (name, column), position in now.items():
        known = earlier.get((name, column)) or renamed.get(position.sequence)
        if not position.is_behind or (known is not None and known.is_behind):
            continue
        if known is None or position.has_gone_back(known):
            yield FallenBehind(name, position)


def _by_column(
    positions: Mapping[TableName, tuple[Position, ...]],
) -> dict[tuple[TableName, str], Position]:
    return {(name, one.column): one for name, each in positions.items() for one in each}


def _statement(table: Table, column: Column) -> str:
    sequence, name = column.sequence, quote_name(column.name)
    return (
        f"SELECT pg_catalog.jsonb_build_array({quote(column.name)}::pg_catalog.text,"
        " s.last_value + CASE WHEN s.is_called THEN q.seqincrement ELSE 0 END, q.seqincrement,"
        f" CASE WHEN q.seqincrement > 0 THEN (SELECT pg_catalog.max({name}) FROM {table.name})"
        f" ELSE (SELECT pg_catalog.min({name}) FROM {table.name}) END, q.seqrelid::pg_catalog.int8)"
        f" FROM {sequence} AS s JOIN pg_catalog.pg_sequence AS q"
        f" ON q.seqrelid = {quote(sequence)}::pg_catalog.regclass"
        " AND NOT q.seqcycle"
    )
