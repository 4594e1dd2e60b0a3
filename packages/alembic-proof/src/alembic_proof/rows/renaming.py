"""Two readings after the same upgrade, with the values that it made anew spelt alike.

An upgrade that takes keys from a sequence, from the clock or from chance makes other ones each time,
and what refers to them differs along with them. Here each such value of the later reading gets the
name that it has in the earlier one: what differs then is more than a name.

Which values are made anew is not guessed: the later upgrade has run twice from the same rows, and a
value that came out the first time only, or the second time only, cannot come from these rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace

from alembic_proof.rows.digest import Digests, Hash, RowDigest, TableDigest
from alembic_proof.rows.naming import Naming, Origin, Pair, name_all
from alembic_proof.rows.shape import Shapes


def renamed(
    first: Digests, again: Digests, *, trial: Digests, before: Digests, shapes: Shapes
) -> Digests:
    """`again` with the values that were made anew named as in `first`, as far as they answer.

    `trial` is what another run of the same upgrade gave, from the rows that `again` came from;
    `before` is what `first` came from. A value is renamed when it is in `again` and not in `trial`,
    and its name is in `first` and neither in `before` nor in `again`; two of them answer to each
    other when they stand in one row and column, or in rows that are alike otherwise. Tables of
    which only sums are known stay as they are.
    """
    origins = origins_of(shapes)
    values = [_values(digests, origins) for digests in (first, again, trial, before)]
    in_first, in_again, in_trial, in_before = values
    hidden = _hidden(again, trial, before, origins)
    naming = Naming(
        old={at: found - in_before[at] - in_again[at] for at, found in in_first.items()},
        new={at: found - in_trial[at] for at, found in in_again.items() if at not in hidden},
    )
    pairs = [*_pairs(first, again, naming, origins)]
    name_all(naming, pairs)
    texts = _texts(first, origins)
    return replace(
        again, tables=tuple(_renamed(table, naming, origins, texts) for table in again.tables)
    )


def origins_of(shapes: Shapes) -> Mapping[Origin, Origin]:
    """Where each column that refers to another one takes its values from."""
    links = {
        (table.name, column): (key.table, referenced)
        for table in shapes
        for key in reversed(table.foreign_keys)
        for column, referenced in zip(key.columns, key.referenced, strict=True)
    }
    return {column: _end(links, column) for column in links}


def _end(links: Mapping[Origin, Origin], column: Origin) -> Origin:
    passed = {column}
    while (following := links.get(column)) is not None and following not in passed:
        column = following
        passed.add(column)
    return column


def _values(digests: Digests, origins: Mapping[Origin, Origin]) -> dict[Origin, set[int]]:
    """All values that are there, by where they come from."""
    found: dict[Origin, set[int]] = defaultdict(set)
    for table in digests.tables:
        for place, column in enumerate(table.columns):
            at = (table.table, column)
            hashes = (row.hashes[place] for row in table.rows)
            found[origins.get(at, at)] |= {value for value in hashes if value is not None}
    return found


def _hidden(
    again: Digests, trial: Digests, before: Digests, origins: Mapping[Origin, Origin]
) -> set[Origin]:
    """What was not read value by value: nothing can be said of it."""
    unread = {name for digests in (trial, before) for name, _ in digests.unread}
    summed = {t.table for digests in (trial, before) for t in digests.tables if t.sums}
    shown = {(table.table, name) for table in trial.tables for name in table.columns}
    return {
        origins.get(at, at)
        for table in again.tables
        for at in ((table.table, name) for name in table.columns)
        if at not in shown or table.table in unread | summed
    }


def _pairs(
    first: Digests, again: Digests, naming: Naming, origins: Mapping[Origin, Origin]
) -> Iterator[Pair]:
    """The tables that hold values without a name."""
    for table in again.tables:
        known = first.find(table.table)
        if known is None:
            continue
        columns = [name for name in known.columns if name in table.columns]
        ats = tuple(origins.get((table.table, name), (table.table, name)) for name in columns)
        if not any(naming.new.get(at) for at in ats):
            continue
        is_keyed = known.primary == table.primary and {*known.primary} <= {*columns}
        yield Pair(
            origins=ats,
            key=tuple(columns.index(name) for name in table.primary) if is_keyed else (),
            first=_rows(known, columns),
            again=_rows(table, columns),
        )


def _rows(table: TableDigest, columns: list[str]) -> tuple[tuple[Hash, ...], ...]:
    places = [table.columns.index(name) for name in columns]
    return tuple(tuple(row.hashes[place] for place in places) for row in table.rows)


def _texts(first: Digests, origins: Mapping[Origin, Origin]) -> Mapping[tuple[Origin, Hash], str]:
    """How the values of primary keys are written."""
    return {
        (origins.get((table.table, name), (table.table, name)), row.hashes[place]): text
        for table in first.tables
        for name, place in _key_places(table)
        for row in table.rows
        if (text := row.key[table.primary.index(name)]) is not None
    }


def _key_places(table: TableDigest) -> list[tuple[str, int]]:
    return [(name, table.columns.index(name)) for name in table.primary if name in table.columns]


def _renamed(
    table: TableDigest,
    naming: Naming,
    origins: Mapping[Origin, Origin],
    texts: Mapping[tuple[Origin, Hash], str],
) -> TableDigest:
    """The same value where nothing in it has another name."""
    ats = [origins.get((table.table, name), (table.table, name)) for name in table.columns]
    if not {at for at, _ in naming.names} & {*ats}:
        return table
    places = dict(_key_places(table))

    def of(row: RowDigest) -> RowDigest:
        hashes = [naming.name(at, value) for at, value in zip(ats, row.hashes, strict=True)]
        key = [
            texts.get((ats[places[name]], hashes[places[name]]), text) if name in places else text
            for name, text in zip(table.primary, row.key, strict=True)
        ]
        return replace(row, key=tuple(key), hashes=tuple(hashes))

    return replace(table, rows=tuple(of(row) for row in table.rows))
