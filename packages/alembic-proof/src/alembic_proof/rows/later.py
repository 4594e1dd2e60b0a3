"""The references that could not be written with their row: they are updated afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from alembic_proof.rows.insert import update_sql
from alembic_proof.rows.order import empties
from alembic_proof.rows.references import Row, Rows
from alembic_proof.rows.row import Values
from alembic_proof.rows.shape import ForeignKey, Table


def update_statements(
    table: Table,
    key: ForeignKey,
    fresh: Sequence[Values],
    rows: Rows,
    *,
    given: Sequence[Values] = (),
) -> tuple[str, ...]:
    """UPDATEs that let the fresh rows refer, the first one excepted; () without a primary key.

    A row refers to an older one of its own table, never in a circle: what follows the references
    comes to an end. Where the reference is `given` it stays as it is, also NULL.
    """
    primary = table.primary
    columns = empties(table, key)
    found = []
    for place, row in enumerate(fresh):
        if place < len(given) and {*columns} <= given[place].keys():
            continue
        known = {name: row.get(name) for name in primary}
        target = _target(table, key, row, rows, place=place)
        if target is None or not primary or None in known.values():
            continue
        values = {
            mine: target[theirs]
            for mine, theirs in zip(key.columns, key.referenced, strict=True)
            if mine in columns
        }
        found.append(update_sql(table, values, known))
    return tuple(found)


def _target(table: Table, key: ForeignKey, row: Values, rows: Rows, *, place: int) -> Row | None:
    """The row to refer to: it agrees in the columns that are not updated."""
    candidates = list(rows.get(key.table, ()))
    if key.table == table.name:
        candidates = candidates[: candidates.index(row)][::-1] if row in candidates else []
    elif place % 3 == 1:
        return None
    else:
        candidates = candidates[place:] + candidates[:place]
    columns = empties(table, key)
    pairs = list(zip(key.columns, key.referenced, strict=True))
    return next(
        (
            other
            for other in candidates
            if all(other.get(theirs) is not None for _, theirs in pairs)
            and all(mine in columns or row.get(mine) == other[theirs] for mine, theirs in pairs)
        ),
        None,
    )
