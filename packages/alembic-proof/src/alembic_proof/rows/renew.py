"""Values in new columns of rows that are there: some tables take no other row.

A key that is another table's, a reference that has to differ, a table of one row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from alembic_proof.rows.attempt import Attempt, Flavour, first_attempt
from alembic_proof.rows.insert import update_sql
from alembic_proof.rows.references import Rows, Unreachable
from alembic_proof.rows.row import Draft, Values, values_of
from alembic_proof.rows.shape import Table


def renewals(
    draft: Draft,
    columns: Collection[str],
    *,
    rows: Sequence[Values],
    known: Rows,
    given: Sequence[Values] = (),
) -> Iterator[tuple[str, str]]:
    """For each row two UPDATEs of these columns: as it should be, and with other ordinary values.

    What the row has there already stays. None without a primary key, which stays as it is. `known`
    are the rows that may be referred to, `given` values that are set already.
    """
    table = draft.table
    free = {c.name for c in draft.writable} & {*columns} - {*table.primary}
    for place, row in enumerate(rows):
        key = {name: row.get(name) for name in table.primary}
        if not free or not key or None in key.values():
            continue
        attempt = first_attempt(place, position=place)
        other = replace(attempt, flavour=Flavour.ORDINARY, jumps=1)
        fixed = given[place] if place < len(given) else {}
        ways = (
            _values(draft, one, free, _fitting(table, row, free, known))
            | {name: fixed[name] for name in free & fixed.keys()}
            for one in (attempt, other)
        )
        first, second = (update_sql(table, values, key, where_null=True) for values in ways)
        yield first, second


def _values(draft: Draft, attempt: Attempt, columns: Collection[str], known: Rows) -> Values:
    """The attempt's values of these columns; no references where there is nothing to refer to."""
    keys = tuple(key for key in draft.table.foreign_keys if {*columns} & {*key.columns})
    found = values_of(draft, attempt, keys, known)
    if isinstance(found, Unreachable):
        referring = {name for key in keys for name in key.columns}
        return _values(draft, attempt, {*columns} - referring, known)
    return {name: found.get(name) for name in sorted(columns)}


def _fitting(table: Table, row: Values, free: Collection[str], known: Rows) -> Rows:
    """The known rows that the row may refer to with what it has in its other columns."""
    fitting = dict(known)
    for key in table.foreign_keys:
        set_already = [
            (mine, theirs)
            for mine, theirs in zip(key.columns, key.referenced, strict=True)
            if mine not in free
        ]
        if len(set_already) < len(key.columns):
            fitting[key.table] = [
                other
                for other in fitting.get(key.table, ())
                if all(other.get(theirs) == row.get(mine) for mine, theirs in set_already)
            ]
    return fitting
