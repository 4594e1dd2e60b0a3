"""Match values of two snapshots that differ only because they were generated again.

An upgrade that takes keys from a sequence, the clock or random values generates others each time,
and so does a downgrade that adds a key column again. Foreign keys differ along with the keys that
they reference. Here a generated value gets the value that it has in the other snapshot; a difference
that remains is more than another number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from alembic_proof.rows.compare import MAX_NAMED_ROWS, RowChange, RowChangeKind
from alembic_proof.rows.digest import Digests, Hash, RowDigest, TableDigest
from alembic_proof.rows.schema import TableName, UserTables

Origin = tuple[TableName, str]
"""The column at the end of all foreign keys, from which a value comes."""
_Row = tuple[Hash, ...]
_UNMATCHED = "?"


def match_generated_values(
    first: Digests, again: Digests, *, repeated: Digests, before: Digests, user_tables: UserTables
) -> Digests:
    """Return `again` with its generated values replaced by those that they match in `first`.

    Which values are generated is not guessed: the later upgrade has run twice from the same rows,
    and a value that only one of the two runs has cannot come from these rows. Two values match if
    they are in the same row and column, or in rows that are equal otherwise. Tables with many rows
    stay as they are.

    :param first: After the first upgrade.
    :param again: After the second upgrade.
    :param repeated: After another run of the second upgrade, from the same rows as `again`.
    :param before: Before the first upgrade.
    """
    origins = _value_origins(user_tables)
    in_first, in_again, in_repeated, in_before = (
        _values_by_origin(digests, origins) for digests in (first, again, repeated, before)
    )
    unknown = _origins_not_read(again, repeated, before, origins)
    matcher = _ValueMatcher(
        targets={at: found - in_before[at] - in_again[at] for at, found in in_first.items()},
        generated={
            at: found - in_repeated[at] for at, found in in_again.items() if at not in unknown
        },
    )
    matcher.match_all([*_table_pairs(first, again, matcher, origins)])
    key_texts = {
        (at, row.hashes[place]): text
        for table in first.tables
        for name, place, at in _key_columns(table, origins)
        for row in table.rows
        if (text := row.key[table.primary_key.index(name)]) is not None
    }
    tables = (_with_matches(table, matcher, origins, key_texts) for table in again.tables)
    return replace(again, tables=tuple(tables))


def restore_old_keys(
    before: Digests, after: Digests, user_tables: UserTables
) -> tuple[Digests, tuple[RowChange, ...]]:
    """Return `after` with the keys of `before`, and a change for each table with new keys.

    A row is recognised by its other values. Tables with many rows stay as they are.
    """
    origins = _value_origins(user_tables)
    found: list[RowChange] = []
    waiting = {table.table: table for table in before.tables}
    while match := _first_renumbered(waiting, after, origins):
        found.append(match.change)
        tables = (_with_old_keys(table, match, origins) for table in after.tables)
        after = replace(after, tables=tuple(tables))
        del waiting[match.old.table]
    return after, tuple(found)


def _value_origins(user_tables: UserTables) -> Mapping[Origin, Origin]:
    """Return for each referencing column the column from which its values come."""
    links = {
        (table.name, column): (key.table, referenced)
        for table in user_tables
        for key in reversed(table.foreign_keys)
        for column, referenced in key.pairs
    }
    return {column: _end_of(links, column) for column in links}


def _end_of(links: Mapping[Origin, Origin], column: Origin) -> Origin:
    passed = {column}
    while (following := links.get(column)) is not None and following not in passed:
        column = following
        passed.add(column)
    return column


def _column_origins(table: TableDigest, origins: Mapping[Origin, Origin]) -> list[Origin]:
    """Return the origin of each column; a column that references nothing is its own origin."""
    return [origins.get((table.table, name), (table.table, name)) for name in table.columns]


def _values_by_origin(
    digests: Digests, origins: Mapping[Origin, Origin]
) -> defaultdict[Origin, set[int]]:
    found: defaultdict[Origin, set[int]] = defaultdict(set)
    for table in digests.tables:
        for place, at in enumerate(_column_origins(table, origins)):
            hashes = (row.hashes[place] for row in table.rows)
            found[at] |= {value for value in hashes if value is not None}
    return found


def _origins_not_read(
    again: Digests, repeated: Digests, before: Digests, origins: Mapping[Origin, Origin]
) -> set[Origin]:
    """Return the origins of columns of which the other snapshots do not have each value."""
    unread = {name for digests in (repeated, before) for name, _ in digests.unread}
    unread |= {t.table for digests in (repeated, before) for t in digests.tables if t.sums}
    in_repeated = {(table.table, name) for table in repeated.tables for name in table.columns}
    return {
        at
        for table in again.tables
        for name, at in zip(table.columns, _column_origins(table, origins), strict=True)
        if (table.table, name) not in in_repeated or table.table in unread
    }


@dataclass(frozen=True, slots=True)
class _ValueMatcher:
    """The matches found so far, and the values that have none yet."""

    targets: Mapping[Origin, set[int]]
    """Values of the first snapshot that a generated value may match."""
    generated: Mapping[Origin, set[int]]
    """Generated values without a match."""
    matches: dict[tuple[Origin, int], int] = field(default_factory=dict)

    def match_all(self, pairs: Sequence[_TablePair]) -> None:
        """Match as many values as possible; what leaves no choice comes first."""
        steps = (self._match_by_key, self._match_unique_rows, self._match_any_rows)
        while any(step(pairs) for step in steps):
            pass

    def is_target(self, at: Origin, old: Hash) -> bool:
        return old in self.targets.get(at, ())

    def is_unmatched(self, at: Origin, new: Hash) -> bool:
        return new in self.generated.get(at, ())

    def matched(self, at: Origin, value: Hash) -> Hash:
        """Return the value that this one matches, itself if it has no match."""
        return value if value is None else self.matches.get((at, value), value)

    def _match(self, at: Origin, old: Hash, new: Hash) -> bool:
        """Match the values if both are free, and return whether they were."""
        if old is None or new is None:
            return False
        if not self.is_target(at, old) or not self.is_unmatched(at, new):
            return False
        self.matches[at, new] = old
        self.targets[at].discard(old)
        self.generated[at].discard(new)
        return True

    def _match_rows(self, origins: Sequence[Origin], old: _Row, new: _Row) -> bool:
        """Match the values of two rows column by column, and return whether any was new."""
        pairs = zip(origins, old, new, strict=True)
        return sum(self._match(at, a, b) for at, a, b in pairs if a != b) > 0

    def _match_by_key(self, pairs: Sequence[_TablePair]) -> bool:
        """Match values in the same row and column."""
        matched = [
            self._match_rows(pair.origins, old, new)
            for pair in pairs
            for old, new in [*pair.rows_with_equal_key(self)]
        ]
        return any(matched)

    def _match_unique_rows(self, pairs: Sequence[_TablePair]) -> bool:
        """Match rows that are the only ones of their kind, those with the fewest unknowns first."""
        groups = [
            group
            for pair in pairs
            for group in pair.candidate_groups(self)
            if len(group.first) == len(group.again) == 1
        ]
        fewest = min((group.unmatched for group in groups), default=0)
        matched = [
            self._match_rows(group.origins, group.first[0], group.again[0])
            for group in groups
            if group.unmatched == fewest
        ]
        return any(matched)

    def _match_any_rows(self, pairs: Sequence[_TablePair]) -> bool:
        """Match one pair of rows where several would do."""
        groups = sorted(
            (group for pair in pairs for group in pair.candidate_groups(self)),
            key=lambda group: group.unmatched,
        )
        return any(
            self._match_rows(group.origins, group.first[0], group.again[0]) for group in groups
        )


@dataclass(slots=True)
class _CandidateGroup:
    """Rows of both snapshots that are equal in all but their unmatched values."""

    origins: tuple[Origin, ...]
    unmatched: int
    """The number of columns with an unmatched value."""
    first: list[_Row] = field(default_factory=list)
    again: list[_Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _TablePair:
    """The rows of one table in both snapshots, in the columns that both have."""

    origins: tuple[Origin, ...]
    key: tuple[int, ...]
    """The positions of the primary key; empty where rows have none."""
    first: tuple[_Row, ...]
    again: tuple[_Row, ...]

    def rows_with_equal_key(self, matcher: _ValueMatcher) -> Iterator[tuple[_Row, _Row]]:
        if not self.key:
            return
        known = {tuple(row[place] for place in self.key): row for row in self.first}
        for row in self.again:
            key = tuple(matcher.matched(self.origins[place], row[place]) for place in self.key)
            if key in known:
                yield known[key], row

    def candidate_groups(self, matcher: _ValueMatcher) -> Iterator[_CandidateGroup]:
        """Yield the groups of rows without a counterpart that have rows of both snapshots."""
        paired = [*self.rows_with_equal_key(matcher)]
        paired_first, paired_again = {old for old, _ in paired}, {new for _, new in paired}
        groups: dict[tuple[object, ...], _CandidateGroup] = {}

        def group(signature: tuple[object, ...]) -> _CandidateGroup:
            unmatched = signature.count(_UNMATCHED)
            return groups.setdefault(signature, _CandidateGroup(self.origins, unmatched))

        for row in self.first:
            if row not in paired_first:
                signature = (
                    _UNMATCHED if matcher.is_target(at, value) else value
                    for at, value in zip(self.origins, row, strict=True)
                )
                group(tuple(signature)).first.append(row)
        for row in self.again:
            if row not in paired_again:
                signature = (
                    _UNMATCHED if matcher.is_unmatched(at, value) else matcher.matched(at, value)
                    for at, value in zip(self.origins, row, strict=True)
                )
                group(tuple(signature)).again.append(row)
        yield from (one for one in groups.values() if one.unmatched and one.first and one.again)


def _table_pairs(
    first: Digests, again: Digests, matcher: _ValueMatcher, origins: Mapping[Origin, Origin]
) -> Iterator[_TablePair]:
    """Yield the tables that have unmatched values."""
    for table in again.tables:
        known = first.find(table.table)
        if known is None:
            continue
        columns = [name for name in known.columns if name in table.columns]
        ats = tuple(origins.get((table.table, name), (table.table, name)) for name in columns)
        if not any(matcher.generated.get(at) for at in ats):
            continue
        has_key = known.primary_key == table.primary_key and {*known.primary_key} <= {*columns}
        yield _TablePair(
            origins=ats,
            key=tuple(columns.index(name) for name in table.primary_key) if has_key else (),
            first=_rows(known, columns),
            again=_rows(table, columns),
        )


def _rows(table: TableDigest, columns: Sequence[str]) -> tuple[_Row, ...]:
    places = [table.columns.index(name) for name in columns]
    return tuple(tuple(row.hashes[place] for place in places) for row in table.rows)


def _key_columns(
    table: TableDigest, origins: Mapping[Origin, Origin]
) -> list[tuple[str, int, Origin]]:
    """Return name, position and origin of the primary key's columns."""
    ats = _column_origins(table, origins)
    places = [(name, table.columns.index(name)) for name in table.primary_key
              if name in table.columns]  # fmt: skip
    return [(name, place, ats[place]) for name, place in places]


def _with_matches(
    table: TableDigest,
    matcher: _ValueMatcher,
    origins: Mapping[Origin, Origin],
    key_texts: Mapping[tuple[Origin, Hash], str],
) -> TableDigest:
    """Return the table with matched values; the table itself where none of its values has one."""
    ats = _column_origins(table, origins)
    if not {at for at, _ in matcher.matches} & {*ats}:
        return table
    key_columns = {name: (place, at) for name, place, at in _key_columns(table, origins)}

    def with_matches(row: RowDigest) -> RowDigest:
        hashes = [matcher.matched(at, value) for at, value in zip(ats, row.hashes, strict=True)]
        key = list(row.key)
        for index, name in enumerate(table.primary_key):
            if name in key_columns:
                place, at = key_columns[name]
                key[index] = key_texts.get((at, hashes[place]), key[index])
        return replace(row, key=tuple(key), hashes=tuple(hashes))

    return replace(table, rows=tuple(with_matches(row) for row in table.rows))


@dataclass(frozen=True, slots=True)
class _Renumbered:
    """A table whose rows are equal in all but these columns of their primary key."""

    old: TableDigest
    new: TableDigest
    columns: tuple[str, ...]
    pairs: tuple[tuple[RowDigest, RowDigest], ...]
    """Each row before and after."""

    @property
    def change(self) -> RowChange:
        """Return `t.id: 2 of 2 rows renumbered (id=3 -> 1; id=4 -> 2)`."""
        places = [self.old.primary_key.index(name) for name in self.columns]
        keys = sorted(
            ([tuple(row.key[place] for place in places) for row in pair] for pair in self.pairs),
            key=str,
        )
        named = [
            ", ".join(
                f"{name}={was} -> {now}"
                for name, was, now in zip(self.columns, old, new, strict=True)
            )
            for old, new in keys
            if old != new
        ]
        column = self.columns[0] if len(places) == 1 else ""
        kind = RowChangeKind.ROWS_RENUMBERED
        few = tuple(named[:MAX_NAMED_ROWS])
        return RowChange(self.old.table, column, kind, len(named), self.old.count, few)

    def old_values(self, origins: Mapping[Origin, Origin]) -> dict[tuple[Origin, Hash], Hash]:
        """Return the old value of each new one, where all rows that have it agree."""
        found: dict[tuple[Origin, Hash], set[Hash]] = defaultdict(set)
        for name in self.columns:
            at = origins.get((self.old.table, name), (self.old.table, name))
            here, there = self.old.columns.index(name), self.new.columns.index(name)
            for was, now in self.pairs:
                found[at, now.hashes[there]].add(was.hashes[here])
        return {key: values.pop() for key, values in found.items() if len(values) == 1}


def _first_renumbered(
    waiting: Mapping[TableName, TableDigest], after: Digests, origins: Mapping[Origin, Origin]
) -> _Renumbered | None:
    for name, old in waiting.items():
        new = after.find(name)
        if new is not None and _has_comparable_keys(old, new):
            single = [(column,) for column in old.primary_key]
            whole = [old.primary_key] if len(single) > 1 else []
            for columns in (*single, *whole):
                if (found := _renumbered(old, new, columns, origins)) is not None:
                    return found
    return None


def _has_comparable_keys(old: TableDigest, new: TableDigest) -> bool:
    """Return whether each row of both is known, under the same key, and some rows differ."""
    is_known = 0 < old.count == new.count == len(old.rows) == len(new.rows)
    has_key = bool(old.primary_key) and old.primary_key == new.primary_key
    is_read = {*old.primary_key} <= {*old.columns} & {*new.columns}
    return is_known and has_key and is_read and old.rows != new.rows


def _renumbered(
    old: TableDigest, new: TableDigest, columns: tuple[str, ...], origins: Mapping[Origin, Origin]
) -> _Renumbered | None:
    """Pair the rows if they are equal in all columns but these of the key, else return None.

    The table's references to itself follow its key, so they are not compared here.
    """
    ends = {(old.table, name) for name in columns}
    others = [
        name
        for name, at in zip(old.columns, _column_origins(old, origins), strict=True)
        if name in new.columns and name not in columns and at not in ends
    ]
    here, there = _rows_by_values(old, others), _rows_by_values(new, others)
    counts = [{key: len(rows) for key, rows in groups.items()} for groups in (here, there)]
    if counts[0] != counts[1]:
        return None
    if not _is_recognisable(here, others, old) or _is_swap(old, new, others):
        return None
    pairs = (pair for key, rows in here.items() for pair in zip(rows, there[key], strict=True))
    return _Renumbered(old, new, columns, tuple(pairs))


def _rows_by_values(table: TableDigest, columns: Sequence[str]) -> dict[_Row, list[RowDigest]]:
    """Return the rows by their values in these columns; equal ones are sorted by their key."""
    places = [table.columns.index(name) for name in columns]
    found: dict[_Row, list[RowDigest]] = defaultdict(list)
    for row in table.rows:
        found[tuple(row.hashes[place] for place in places)].append(row)
    for rows in found.values():
        # Numbers are sorted by their value.
        rows.sort(key=lambda row: [(len(text or ""), text or "") for text in row.key])
    return found


def _is_recognisable(
    groups: Mapping[_Row, list[RowDigest]], columns: Sequence[str], table: TableDigest
) -> bool:
    """Return whether values outside of the primary key distinguish the rows."""
    places = [place for place, name in enumerate(columns) if name not in table.primary_key]
    values = {tuple(row[place] for place in places) for row in groups}
    has_values = any(value is not None for row in values for value in row)
    return has_values and (len(values) > 1 or table.count == 1)


def _is_swap(old: TableDigest, new: TableDigest, columns: Sequence[str]) -> bool:
    """Return whether the values of one column changed places while all keys are still there."""
    was = {row.key: row for row in old.rows}
    if was.keys() != {row.key for row in new.rows}:
        return False
    places = [(old.columns.index(name), new.columns.index(name)) for name in columns]
    changed = {
        here
        for row in new.rows
        for here, there in places
        if was[row.key].hashes[here] != row.hashes[there]
    }
    return len(changed) <= 1


def _with_old_keys(
    table: TableDigest, match: _Renumbered, origins: Mapping[Origin, Origin]
) -> TableDigest:
    """Return the table with the old keys: its own, and those that it references."""
    old_values = match.old_values(origins)
    ats = _column_origins(table, origins)
    if not {*ats} & {at for at, _ in old_values}:
        return table
    was = {now.key: old for old, now in match.pairs} if table.table == match.old.table else {}
    own = [(table.columns.index(n), match.old.columns.index(n)) for n in match.columns if was]

    def with_old_keys(row: RowDigest) -> RowDigest:
        hashes = [old_values.get((at, v), v) for at, v in zip(ats, row.hashes, strict=True)]
        if row.key not in was:
            return replace(row, hashes=tuple(hashes))
        for there, here in own:
            hashes[there] = was[row.key].hashes[here]
        return replace(row, key=was[row.key].key, hashes=tuple(hashes))

    return replace(table, rows=tuple(with_old_keys(row) for row in table.rows))
