"""What differs between the rows of two moments, as far as the catalogs do not tell it already."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from alembic_proof.rows import Digests, RowChange, Shapes, TableName, compare, meant, with_old_keys


def row_changes(before: Digests, after: Digests) -> tuple[RowChange, ...]:
    """What differs in tables and columns that are in both: what came or went, the catalogs tell.

    Nor is there anything to say of a table that could not be read either time, or of JSON and numbers
    that are only written otherwise.
    """
    if before is after:
        return ()
    before, after = _differing(before, after), _differing(after, before)
    return _changes(meant(before, after))


def unrestored(before: Digests, after: Digests, shapes: Shapes) -> tuple[RowChange, ...]:
    """Return the same, where rows that are the same but for their keys are one change each table."""
    changes = row_changes(before, after)
    if not any(change.is_loss for change in changes):
        return changes
    old, new = meant(before, after)
    new, renumbered = with_old_keys(old, new, shapes)
    return tuple(sorted((*renumbered, *row_changes(old, new)))) if renumbered else changes


def lost(changes: Sequence[RowChange], *, usual: Collection[RowChange]) -> tuple[RowChange, ...]:
    """What is lost, as far as the same does not differ as usual, without the rows in question.

    Where whole rows do, so may any value: the rows that are there are not those that were.
    """
    known = {(change.table, change.column) for change in usual}
    return tuple(
        c for c in changes if c.is_loss and not {(c.table, c.column), (c.table, "")} & known
    )


def respelt(before: Digests, after: Digests) -> tuple[RowChange, ...]:
    """What differs only in how JSON and numbers are written."""
    if before is after:
        return ()
    before, after = _differing(before, after), _differing(after, before)
    if not any(table.respellable for table in before.tables):
        return ()
    more = _changes(meant(before, after))
    return tuple(change for change in _changes((before, after)) if change not in more)


def _changes(readings: tuple[Digests, ...]) -> tuple[RowChange, ...]:
    before, after = readings
    old, new = _columns(before), _columns(after)
    hidden = {name for name, _ in before.unread} & {name for name, _ in after.unread}
    return tuple(
        change
        for change in compare(before, after)
        if change.table not in hidden
        and (change.table in old) == (change.table in new)
        and (not change.column or {change.column} <= old[change.table] & new[change.table])
    )


def _differing(one: Digests, other: Digests) -> Digests:
    """The tables of one that the other has not, or has read anew."""
    known = {table.table: table for table in other.tables}
    return Digests(
        tuple(table for table in one.tables if known.get(table.table) is not table), one.unread
    )


def _columns(digests: Digests) -> dict[TableName, frozenset[str]]:
    return {table.table: frozenset(table.columns) for table in digests.tables}


def meddled(before: Digests, after: Digests, *, older: Shapes, newer: Shapes) -> set[TableName]:
    """The tables that an upgrade has changed, in shape or in rows."""
    reshaped = {table.name for table in older if newer.find(table.name) != table}
    return reshaped | {change.table for change in compare(before, after)}


def written(before: Digests, after: Digests) -> set[TableName]:
    """The tables that have more rows than before."""
    counts = {table.table: table.count for table in before.tables}
    return {t.table for t in after.tables if t.count > counts.get(t.table, 0)}
