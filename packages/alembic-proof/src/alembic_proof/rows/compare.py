"""Compare two snapshots of tables: which rows and values are gone, new or changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from alembic_proof.rows.digest import Digests, Hash, RowDigest, TableDigest
from alembic_proof.rows.schema import TableName, display_name

MAX_NAMED_ROWS = 5
"""How many rows a change names."""


class RowChangeKind(StrEnum):
    """A kind of difference between two digests of rows."""

    ROWS_GONE = "rows gone"
    ROWS_NEW = "rows new"
    ROWS_RENUMBERED = "rows renumbered"
    VALUES_GONE = "values gone"
    VALUES_NEW = "values new"
    VALUES_CHANGED = "values changed"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True, order=True)
class RowChange:
    """One difference between two snapshots of a table."""

    table: TableName
    column: str
    """Empty where whole rows differ."""
    kind: RowChangeKind
    count: int = 0
    """How many rows or values differ; 0 where it is unknown."""
    total: int = 0
    """How many rows or values there were before; of new ones, how many there are after."""
    rows: tuple[str, ...] = ()
    """The primary keys of a few of the rows: `id=7`."""
    reason: str = ""

    @property
    def is_loss(self) -> bool:
        """Return whether a row or value of before is gone or changed."""
        return self.kind not in (RowChangeKind.ROWS_NEW, RowChangeKind.VALUES_NEW)

    @property
    def qualified_name(self) -> str:
        """Return `users`, or `users.name` where only values of a column differ."""
        return display_name(self.table) + (f".{self.column}" if self.column else "")

    def describe(self, *, when: str = "") -> str:
        """Return `users.legacy_id: 3 of 3 values gone after downgrade (id=1; …)`.

        :param when: "after downgrade" or the like; may be empty.
        """
        if self.kind is RowChangeKind.UNREAD:
            return f"{self.qualified_name}: not read{when and ' '}{when}: {self.reason}"
        noun, verb = self.kind.split()
        amount = f"{self.count} of {self.total}" if self.count else "some"
        more = ", …" if self.count > len(self.rows) else ""
        named = f" ({'; '.join(self.rows)}{more})" if self.rows else ""
        return f"{self.qualified_name}: {amount} {noun} {verb}{when and ' '}{when}{named}"

    def __str__(self) -> str:
        return self.describe()


def compare(before: Digests, after: Digests) -> tuple[RowChange, ...]:
    """Return the differences, sorted; empty when the rows are the same.

    for change in compare(before, after):
        print(change)  # users.legacy_id: 3 of 3 values gone
    """
    unread = {*before.unread, *after.unread}
    found = [
        RowChange(name, "", RowChangeKind.UNREAD, reason=str(failure)) for name, failure in unread
    ]
    names = {table.table for table in (*before.tables, *after.tables)}
    for name in names - {name for name, _ in unread}:
        found += _compare_tables(before.find(name), after.find(name))
    return tuple(sorted(set(found)))


def _compare_tables(before: TableDigest | None, after: TableDigest | None) -> Iterator[RowChange]:
    if before is None or after is None:
        table = before or after
        if table and table.count:
            kind = RowChangeKind.ROWS_GONE if before else RowChangeKind.ROWS_NEW
            yield RowChange(table.table, "", kind, table.count, table.count)
        return
    yield from _dropped_columns(before, after, RowChangeKind.VALUES_GONE)
    yield from _dropped_columns(after, before, RowChangeKind.VALUES_NEW)
    columns = [
        _Column(name, before.columns.index(name), after.columns.index(name))
        for name in before.columns
        if name in after.columns
    ]
    if before.sums or after.sums:
        yield from _compare_sums(before, after, columns)
    elif before.primary_key and before.primary_key == after.primary_key:
        yield from _compare_by_key(before, after, columns)
    else:
        yield from _compare_as_multisets(before, after, columns)


def _dropped_columns(
    table: TableDigest, other: TableDigest, kind: RowChangeKind
) -> Iterator[RowChange]:
    """Yield a change for each column with values that the other snapshot does not have."""
    for place, name in enumerate(table.columns):
        if name not in other.columns and (count := _count_values(table, place)):
            yield RowChange(table.table, name, kind, count, count)


def _count_values(table: TableDigest, place: int) -> int:
    """Return how many values of the column are not NULL."""
    if table.sums:
        return table.sums[place][0]
    return sum(row.hashes[place] is not None for row in table.rows)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of both snapshots, with its position in each."""

    name: str
    old: int
    new: int


def _compare_by_key(
    before: TableDigest, after: TableDigest, columns: Sequence[_Column]
) -> Iterator[RowChange]:
    """Compare rows with equal primary keys."""
    old = {row.key: row for row in before.rows}
    new = {row.key: row for row in after.rows}
    gone = [key for key in old if key not in new]
    added = [key for key in new if key not in old]
    if gone:
        yield _keyed_change(before, "", RowChangeKind.ROWS_GONE, gone, len(old))
    if added:
        yield _keyed_change(after, "", RowChangeKind.ROWS_NEW, added, len(new))
    for column in columns:
        values = [
            (key, row.hashes[column.old], new[key].hashes[column.new])
            for key, row in old.items()
            if key in new
        ]
        yield from _compare_values(before, column.name, values)


_Key = tuple[str | None, ...]


def _compare_values(
    table: TableDigest, column: str, values: list[tuple[_Key, Hash, Hash]]
) -> Iterator[RowChange]:
    count = sum(old is not None for _, old, _ in values)
    by_kind = {
        RowChangeKind.VALUES_GONE: [k for k, a, b in values if a is not None and b is None],
        RowChangeKind.VALUES_NEW: [k for k, a, b in values if a is None and b is not None],
        RowChangeKind.VALUES_CHANGED: [
            k for k, a, b in values if a is not None and b is not None and a != b
        ],
    }
    for kind, keys in by_kind.items():
        if keys:
            total = len(values) if kind is RowChangeKind.VALUES_NEW else count
            yield _keyed_change(table, column, kind, keys, total)


def _keyed_change(
    table: TableDigest, column: str, kind: RowChangeKind, keys: list[_Key], total: int
) -> RowChange:
    named = tuple(
        ", ".join(f"{name}={text}" for name, text in zip(table.primary_key, key, strict=True))
        for key in sorted(keys, key=str)[:MAX_NAMED_ROWS]
    )
    return RowChange(table.table, column, kind, len(keys), total, named)


def _compare_as_multisets(
    before: TableDigest, after: TableDigest, columns: Sequence[_Column]
) -> Iterator[RowChange]:
    """Compare whole rows; where their number is equal, name the columns that differ."""
    old = Counter(_hashes(row, [column.old for column in columns]) for row in before.rows)
    new = Counter(_hashes(row, [column.new for column in columns]) for row in after.rows)
    gone, added = (old - new).total(), (new - old).total()
    if not gone and not added:
        return
    if before.count == after.count:
        changes = list(_columns_that_differ(before, columns, old - new, new - old))
        if changes:
            yield from changes
            return
    if gone:
        yield RowChange(before.table, "", RowChangeKind.ROWS_GONE, gone, before.count)
    if added:
        yield RowChange(after.table, "", RowChangeKind.ROWS_NEW, added, after.count)


def _hashes(row: RowDigest, places: list[int]) -> tuple[Hash, ...]:
    return tuple(row.hashes[place] for place in places)


def _columns_that_differ(
    table: TableDigest,
    columns: Sequence[_Column],
    gone: Counter[tuple[Hash, ...]],
    added: Counter[tuple[Hash, ...]],
) -> Iterator[RowChange]:
    """Yield changes of the columns whose values, taken in any order, differ."""
    for place, column in enumerate(columns):
        old = Counter(row[place] for row in gone.elements())
        new = Counter(row[place] for row in added.elements())
        if old == new:
            continue
        lost = sum(count for value, count in (old - new).items() if value is not None)
        nulls = (new - old)[None]
        filled = (old - new)[None]
        total = _count_values(table, column.old)
        changes = (
            (RowChangeKind.VALUES_GONE, min(lost, nulls), total),
            (RowChangeKind.VALUES_CHANGED, lost - nulls, total),
            (RowChangeKind.VALUES_NEW, filled, table.count),
        )
        for kind, count, of in changes:
            if count > 0:
                yield RowChange(table.table, column.name, kind, count, of)


def _compare_sums(
    before: TableDigest, after: TableDigest, columns: Sequence[_Column]
) -> Iterator[RowChange]:
    """Compare sums: how many values are changed is unknown."""
    gone = before.count - after.count
    if gone > 0:
        yield RowChange(before.table, "", RowChangeKind.ROWS_GONE, gone, before.count)
    elif gone < 0:
        yield RowChange(before.table, "", RowChangeKind.ROWS_NEW, -gone, after.count)
    else:
        for column in columns:
            old, new = _column_sum(before, column.old), _column_sum(after, column.new)
            yield from _compare_column_sums(before, column.name, old, new)


def _compare_column_sums(
    table: TableDigest, column: str, old: tuple[int, int], new: tuple[int, int]
) -> Iterator[RowChange]:
    if old[0] > new[0]:
        kind = RowChangeKind.VALUES_GONE
        yield RowChange(table.table, column, kind, old[0] - new[0], old[0])
    elif old[0] < new[0]:
        kind = RowChangeKind.VALUES_NEW
        yield RowChange(table.table, column, kind, new[0] - old[0], table.count)
    elif old != new:
        yield RowChange(table.table, column, RowChangeKind.VALUES_CHANGED, 0, old[0])


def _column_sum(table: TableDigest, place: int) -> tuple[int, int]:
    if table.sums:
        return table.sums[place]
    hashes = [row.hashes[place] for row in table.rows]
    values = [value for value in hashes if value is not None]
    return len(values), sum(values)
