"""Values in new columns of rows that are there: some tables take no other row.

A key that is another table's, a reference that has to differ, a table of one row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from alembic_proof.rows.attempt import Attempt, Flavour, first_attempt
from alembic_proof.rows.insert import update_sql
from alembic_proof.rows.references import Unreachable
from alembic_proof.rows.row import Draft, Values, values_of


def renewals(
    draft: Draft,
    columns: Collection[str],
    *,
    rows: Sequence[Values],
    given: Sequence[Values] = (),
) -> Iterator[tuple[str, str]]:
    """For each row two UPDATEs of these columns: as it should be, and with ordinary values.

    What a revision has written there stays. None without a primary key; columns of keys and references stay as they are. `given` are values
    that are set already.
    """
    table = draft.table
    referring = {name for key in table.foreign_keys for name in key.columns}
    free = {c.name for c in draft.writable} & {*columns} - draft.keyed - referring
    for place, row in enumerate(rows):
        key = {name: row.get(name) for name in table.primary}
        if not free or not key or None in key.values():
            continue
        attempt = first_attempt(place, position=place)
        fixed = given[place] if place < len(given) else {}
        ways = (
            _values(draft, one, free) | {name: fixed[name] for name in free & fixed.keys()}
            for one in (attempt, replace(attempt, flavour=Flavour.ORDINARY))
        )
        first, second = (update_sql(table, values, key, where_null=True) for values in ways)
        yield first, second


def _values(draft: Draft, attempt: Attempt, columns: Collection[str]) -> Values:
    """The attempt's values of these columns; ordinary ones that need no reference."""
    found = values_of(draft, attempt, (), {})
    values = {} if isinstance(found, Unreachable) else found
    return {name: values.get(name) for name in sorted(columns)}
