"""What came of filling tables."""

from __future__ import annotations

from dataclasses import dataclass

from alembic_proof.rows.shape import TableName, shown


@dataclass(frozen=True, slots=True)
class Filled:
    """A table that got rows, or whose rows got values in new columns."""

    table: TableName
    rows: int


@dataclass(frozen=True, slots=True)
class NotFilled:
    """A table that got none, and why."""

    table: TableName
    reason: str
    sqlstate: str = ""
    has_rows: bool = False
    """Whether it has older ones."""

    def __str__(self) -> str:
        return f"{shown(self.table)}: not filled: {self.reason}"


@dataclass(frozen=True, slots=True)
class FillNote:
    """What a reader should know of a table that was filled."""

    table: TableName
    text: str

    def __str__(self) -> str:
        return f"{shown(self.table)}: {self.text}"


@dataclass(frozen=True, slots=True)
class FillReport:
    """All tables that were to be filled, each once, sorted by name."""

    filled: tuple[Filled, ...] = ()
    not_filled: tuple[NotFilled, ...] = ()
    notes: tuple[FillNote, ...] = ()

    def __add__(self, other: FillReport) -> FillReport:
        """Both; a table that either filled is filled."""
        counts: dict[TableName, int] = {}
        for one in (*self.filled, *other.filled):
            counts[one.table] = counts.get(one.table, 0) + one.rows
        failed = {one.table: one for one in (*self.not_filled, *other.not_filled)}
        return FillReport(
            tuple(Filled(table, counts[table]) for table in sorted(counts)),
            tuple(failed[table] for table in sorted(failed) if table not in counts),
            tuple(dict.fromkeys((*self.notes, *other.notes))),
        )
