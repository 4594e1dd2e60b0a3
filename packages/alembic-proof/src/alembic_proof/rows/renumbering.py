"""Rows that are the same but for their keys: a downgrade that makes a key column again numbers anew.

A row is found again by its other values. What refers to it by a foreign key differs along with the
key, and is compared under the key that the row had.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from alembic_proof.rows.compare import MOST_NAMED, RowChange, RowChangeKind
from alembic_proof.rows.digest import Digests, Hash, RowDigest, TableDigest
from alembic_proof.rows.naming import Origin
from alembic_proof.rows.renaming import origins_of
from alembic_proof.rows.shape import Shapes, TableName

_Pair = tuple[RowDigest, RowDigest]


def with_old_keys(
    before: Digests, after: Digests, shapes: Shapes
) -> tuple[Digests, tuple[RowChange, ...]]:
    """Return `after` with the keys of `before`, and a change for each table that was renumbered.

    Tables of which only sums are known stay as they are.
    """
    origins = origins_of(shapes)
    found: list[RowChange] = []
    waiting = {table.table: table for table in before.tables}
    while match := _first_match(waiting, after, origins):
        found.append(match.change)
        after = replace(after, tables=tuple(_renamed(t, match, origins) for t in after.tables))
        del waiting[match.old.table]
    return after, tuple(found)


@dataclass(frozen=True, slots=True)
class _Match:
    """A table whose rows are the same but for these columns of their key."""

    old: TableDigest
    new: TableDigest
    columns: tuple[str, ...]
    pairs: tuple[_Pair, ...]
    """Each row as it was, and as it is."""

    @property
    def change(self) -> RowChange:
        """Return `t.id: 2 of 2 rows renumbered (id=3 -> 1; id=4 -> 2)`."""
        places = [self.old.primary.index(name) for name in self.columns]
        moved = sorted(
            [[(row.key[place]) for row in pair for place in places] for pair in self.pairs],
            key=str,
        )
        half = len(places)
        named = [
            ", ".join(
                f"{name}={was} -> {now}"
                for name, was, now in zip(self.columns, texts[:half], texts[half:], strict=True)
            )
            for texts in moved
            if texts[:half] != texts[half:]
        ]
        column = self.columns[0] if half == 1 else ""
        kind = RowChangeKind.ROWS_RENUMBERED
        few = tuple(named[:MOST_NAMED])
        return RowChange(self.old.table, column, kind, len(named), self.old.count, few)

    def names(self, origins: Mapping[Origin, Origin]) -> dict[tuple[Origin, Hash], Hash]:
        """Return the value that each new one had, where all rows that have it agree."""
        found: dict[tuple[Origin, Hash], set[Hash]] = defaultdict(set)
        for name in self.columns:
            at = origins.get((self.old.table, name), (self.old.table, name))
            here, there = self.old.columns.index(name), self.new.columns.index(name)
            for was, now in self.pairs:
                found[at, now.hashes[there]].add(was.hashes[here])
        return {key: values.pop() for key, values in found.items() if len(values) == 1}


def _first_match(
    waiting: Mapping[TableName, TableDigest], after: Digests, origins: Mapping[Origin, Origin]
) -> _Match | None:
    for name, old in waiting.items():
        new = after.find(name)
        if new is not None and _is_comparable(old, new):
            key = [(column,) for column in old.primary]
            for columns in (*key, *((old.primary,) if len(key) > 1 else ())):
                if (match := _match(old, new, columns, origins)) is not None:
                    return match
    return None


def _is_comparable(old: TableDigest, new: TableDigest) -> bool:
    """Return whether all rows of both are known by the same key, and some by another value of it."""
    is_known = 0 < old.count == new.count == len(old.rows) == len(new.rows)
    is_keyed = bool(old.primary) and old.primary == new.primary
    is_there = {*old.primary} <= {*old.columns} & {*new.columns}
    return is_known and is_keyed and is_there and old.rows != new.rows


def _match(
    old: TableDigest, new: TableDigest, columns: tuple[str, ...], origins: Mapping[Origin, Origin]
) -> _Match | None:
    """Return the rows in pairs where they are the same in all columns but these of the key.

    References of the table to itself follow its key, and are not compared here.
    """
    ends = {(old.table, name) for name in columns}
    rest = [
        name
        for name in old.columns
        if name in new.columns
        and name not in columns
        and origins.get((old.table, name), (old.table, name)) not in ends
    ]
    here, there = _grouped(old, rest), _grouped(new, rest)
    if {key: len(rows) for key, rows in here.items()} != {
        key: len(rows) for key, rows in there.items()
    }:
        return None
    if not _is_recognisable(here, rest, old) or _is_swap(old, new, rest):
        return None
    pairs = (pair for key, rows in here.items() for pair in zip(rows, there[key], strict=True))
    return _Match(old, new, columns, tuple(pairs))


def _grouped(table: TableDigest, columns: list[str]) -> dict[tuple[Hash, ...], list[RowDigest]]:
    places = [table.columns.index(name) for name in columns]
    found: dict[tuple[Hash, ...], list[RowDigest]] = defaultdict(list)
    for row in table.rows:
        found[tuple(row.hashes[place] for place in places)].append(row)
    for rows in found.values():
        rows.sort(key=_in_order)
    return found


def _in_order(row: RowDigest) -> list[tuple[int, str]]:
    """Return what sorts rows that are alike by their keys, numbers by their values."""
    return [(len(text or ""), text or "") for text in row.key]


def _is_recognisable(
    groups: Mapping[tuple[Hash, ...], list[RowDigest]], rest: list[str], table: TableDigest
) -> bool:
    """Return whether there are values beside the key, which tell rows from each other."""
    places = [place for place, name in enumerate(rest) if name not in table.primary]
    values = {tuple(key[place] for place in places) for key in groups}
    has_values = any(value is not None for row in values for value in row)
    return has_values and (len(values) > 1 or table.count == 1)


def _is_swap(old: TableDigest, new: TableDigest, rest: list[str]) -> bool:
    """Return whether one column's values have changed places, over keys that are all still there."""
    was = {row.key: row for row in old.rows}
    if was.keys() != {row.key for row in new.rows}:
        return False
    places = [(old.columns.index(name), new.columns.index(name)) for name in rest]
    changed = {
        here
        for row in new.rows
        for here, there in places
        if was[row.key].hashes[here] != row.hashes[there]
    }
    return len(changed) <= 1


def _renamed(table: TableDigest, match: _Match, origins: Mapping[Origin, Origin]) -> TableDigest:
    """Return the table under the old keys: its own, and those that it refers to."""
    names = match.names(origins)
    ats = [origins.get((table.table, name), (table.table, name)) for name in table.columns]
    if not {*ats} & {at for at, _ in names}:
        return table
    was = {now.key: old for old, now in match.pairs} if table.table == match.old.table else {}
    own = [(table.columns.index(n), match.old.columns.index(n)) for n in match.columns if was]

    def of(row: RowDigest) -> RowDigest:
        hashes = [names.get((at, v), v) for at, v in zip(ats, row.hashes, strict=True)]
        if row.key not in was:
            return replace(row, hashes=tuple(hashes))
        for there, here in own:
            hashes[there] = was[row.key].hashes[here]
        return replace(row, key=was[row.key].key, hashes=tuple(hashes))

    return replace(table, rows=tuple(of(row) for row in table.rows))
