"""What became of rows between two readings of the same tables, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from alembic_proof.rows.digest import Digests, Hash, RowDigest, TableDigest
from alembic_proof.rows.shape import TableName, shown

MOST_NAMED = 5
"""How many rows a change names."""


class RowChangeKind(StrEnum):
    """What happened to rows or values."""

    ROWS_GONE = "rows gone"
    ROWS_NEW = "rows new"
    ROWS_RENUMBERED = "rows renumbered"
    VALUES_GONE = "values gone"
    VALUES_NEW = "values new"
    VALUES_CHANGED = "values changed"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True, order=True)
class RowChange:
    """One difference: it reads like a sentence."""

    table: TableName
    column: str
    """"" where whole rows are meant."""
    kind: RowChangeKind
    count: int = 0
    total: int = 0
    """How many rows or values there were before; of new ones, how many there are after."""
    rows: tuple[str, ...] = ()
    """The primary keys of a few of them: `id=7`."""
    reason: str = ""

    @property
    def is_loss(self) -> bool:
        """Whether something that was there is there no longer."""
        return self.kind not in (RowChangeKind.ROWS_NEW, RowChangeKind.VALUES_NEW)

    @property
    def place(self) -> str:
        """The table, and its column where single values are meant."""
        return shown(self.table) + (f".{self.column}" if self.column else "")

    def told(self, *, when: str = "") -> str:
        """`users.legacy_id: 3 of 3 values gone after downgrade (id=1; …)`; `when` may be empty."""
        if self.kind is RowChangeKind.UNREAD:
            return f"{self.place}: not read{when and ' '}{when}: {self.reason}"
        noun, verb = self.kind.split()
        amount = f"{self.count} of {self.total}" if self.count else "some"
        more = ", …" if self.count > len(self.rows) else ""
        named = f" ({'; '.join(self.rows)}{more})" if self.rows else ""
        return f"{self.place}: {amount} {noun} {verb}{when and ' '}{when}{named}"

    def __str__(self) -> str:
        return self.told()


def compare(
    before: Digests,
    after: Digests,
    *,
    anew: Collection[tuple[TableName, str]] = (),
) -> tuple[RowChange, ...]:
    """The differences, sorted; none when the same rows are there.

    `anew` are (table, column) whose values are made anew each time and are not compared; where a
    primary key is among them, rows are recognised by their other values.
    """
    found: list[RowChange] = []
    for name, failure in (*before.unread, *after.unread):
        found.append(RowChange(name, "", RowChangeKind.UNREAD, reason=str(failure)))
    unread = {name for name, _ in (*before.unread, *after.unread)}
    names = {table.table for table in (*before.tables, *after.tables)} - unread
    for name in names:
        skipped = frozenset(column for table, column in anew if table == name)
        found += _table(before.find(name), after.find(name), skipped)
    return tuple(sorted(set(found)))


def _table(
    before: TableDigest | None, after: TableDigest | None, skipped: frozenset[str]
) -> Iterator[RowChange]:
    if before is None or after is None:
        found = before or after
        if found and found.count:
            kind = RowChangeKind.ROWS_GONE if before else RowChangeKind.ROWS_NEW
            yield RowChange(found.table, "", kind, found.count, found.count)
        return
    yield from _columns(before, after, skipped)
    if _is_large(before) or _is_large(after):
        yield from _large(before, after, skipped)
    elif before.primary and before.primary == after.primary and not skipped & {*before.primary}:
        yield from _keyed(before, after, skipped)
    else:
        yield from _unkeyed(before, after, skipped)


def _is_large(table: TableDigest) -> bool:
    return bool(table.sums)


def _columns(
    before: TableDigest, after: TableDigest, skipped: frozenset[str]
) -> Iterator[RowChange]:
    """What went with a column, or came with one."""
    for table, other, kind in (
        (before, after, RowChangeKind.VALUES_GONE),
        (after, before, RowChangeKind.VALUES_NEW),
    ):
        for place, column in enumerate(table.columns):
            if column in other.columns or column in skipped:
                continue
            count = _filled(table, place)
            if count:
                yield RowChange(table.table, column, kind, count, count)


def _filled(table: TableDigest, place: int) -> int:
    if table.sums:
        return table.sums[place][0]
    return sum(row.hashes[place] is not None for row in table.rows)


def _common(
    before: TableDigest, after: TableDigest, skipped: frozenset[str]
) -> tuple[tuple[str, int, int], ...]:
    """The columns of both with their places."""
    places = {column: place for place, column in enumerate(after.columns)}
    return tuple(
        (column, place, places[column])
        for place, column in enumerate(before.columns)
        if column in places and column not in skipped
    )


def _keyed(before: TableDigest, after: TableDigest, skipped: frozenset[str]) -> Iterator[RowChange]:
    """Rows are the same when their primary keys are."""
    old = {row.key: row for row in before.rows}
    new = {row.key: row for row in after.rows}
    gone = [key for key in old if key not in new]
    fresh = [key for key in new if key not in old]
    if gone:
        yield _change(before, "", RowChangeKind.ROWS_GONE, gone, len(old))
    if fresh:
        yield _change(after, "", RowChangeKind.ROWS_NEW, fresh, len(new))
    for column, here, there in _common(before, after, skipped):
        pairs = [
            (key, row.hashes[here], new[key].hashes[there])
            for key, row in old.items()
            if key in new
        ]
        yield from _values(before, column, pairs)


Pair = tuple[tuple[str | None, ...], Hash, Hash]


def _values(table: TableDigest, column: str, pairs: list[Pair]) -> Iterator[RowChange]:
    filled = sum(value is not None for _, value, _ in pairs)
    sorts = {
        RowChangeKind.VALUES_GONE: [k for k, a, b in pairs if a is not None and b is None],
        RowChangeKind.VALUES_NEW: [k for k, a, b in pairs if a is None and b is not None],
        RowChangeKind.VALUES_CHANGED: [
            k for k, a, b in pairs if a is not None and b is not None and a != b
        ],
    }
    for kind, keys in sorts.items():
        if keys:
            total = len(pairs) if kind is RowChangeKind.VALUES_NEW else filled
            yield _change(table, column, kind, keys, total)


def _change(
    table: TableDigest,
    column: str,
    kind: RowChangeKind,
    keys: list[tuple[str | None, ...]],
    total: int,
) -> RowChange:
    named = tuple(
        ", ".join(f"{name}={text}" for name, text in zip(table.primary, key, strict=True))
        for key in sorted(keys, key=str)[:MOST_NAMED]
    )
    return RowChange(table.table, column, kind, len(keys), total, named)


def _unkeyed(
    before: TableDigest, after: TableDigest, skipped: frozenset[str]
) -> Iterator[RowChange]:
    """Rows are the same when all their values are; as many rows, and the columns are looked at."""
    common = _common(before, after, skipped)
    old = Counter(_values_of(row, [here for _, here, _ in common]) for row in before.rows)
    new = Counter(_values_of(row, [there for _, _, there in common]) for row in after.rows)
    gone, fresh = (old - new).total(), (new - old).total()
    if not gone and not fresh:
        return
    if before.count == after.count:
        changes = list(_columns_changed(before, common, old - new, new - old))
        if changes:
            yield from changes
            return
    if gone:
        yield RowChange(before.table, "", RowChangeKind.ROWS_GONE, gone, before.count)
    if fresh:
        yield RowChange(after.table, "", RowChangeKind.ROWS_NEW, fresh, after.count)


def _values_of(row: RowDigest, places: list[int]) -> tuple[Hash, ...]:
    return tuple(row.hashes[place] for place in places)


def _columns_changed(
    table: TableDigest,
    common: tuple[tuple[str, int, int], ...],
    gone: Counter[tuple[Hash, ...]],
    fresh: Counter[tuple[Hash, ...]],
) -> Iterator[RowChange]:
    """The columns whose values differ as a whole."""
    for place, (column, here, _) in enumerate(common):
        old = Counter(row[place] for row in gone.elements())
        new = Counter(row[place] for row in fresh.elements())
        if old == new:
            continue
        lost = sum(count for value, count in (old - new).items() if value is not None)
        nulls = (new - old)[None]
        total = _filled(table, here)
        if min(lost, nulls):
            yield RowChange(table.table, column, RowChangeKind.VALUES_GONE, min(lost, nulls), total)
        if lost > nulls:
            kind = RowChangeKind.VALUES_CHANGED
            yield RowChange(table.table, column, kind, lost - nulls, total)
        if (old - new)[None]:
            kind = RowChangeKind.VALUES_NEW
            yield RowChange(table.table, column, kind, (old - new)[None], table.count)


def _large(before: TableDigest, after: TableDigest, skipped: frozenset[str]) -> Iterator[RowChange]:
    """Of many rows only sums are known: how many values differ is not."""
    if before.count > after.count:
        gone = before.count - after.count
        yield RowChange(before.table, "", RowChangeKind.ROWS_GONE, gone, before.count)
    elif before.count < after.count:
        fresh = after.count - before.count
        yield RowChange(before.table, "", RowChangeKind.ROWS_NEW, fresh, after.count)
    else:
        for column, here, there in _common(before, after, skipped):
            yield from _column_sum(before, column, _sum(before, here), _sum(after, there))


def _column_sum(
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


def _sum(table: TableDigest, place: int) -> tuple[int, int]:
    if table.sums:
        return table.sums[place]
    hashes = [row.hashes[place] for row in table.rows]
    filled = [value for value in hashes if value is not None]
    return len(filled), sum(filled)
