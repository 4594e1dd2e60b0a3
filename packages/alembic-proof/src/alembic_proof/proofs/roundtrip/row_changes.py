"""Differences between two states of a database; for rows, beyond those that the catalogs show."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from alembic_proof.catalog import Change
from alembic_proof.finding import Severity
from alembic_proof.history.revisions import TableColumn, place_of
from alembic_proof.proofs.exclusions import IgnorePatterns
from alembic_proof.proofs.roundtrip.observation import State
from alembic_proof.rows import (
    Digests,
    RowChange,
    RowChangeKind,
    SequenceBehind,
    TableName,
    UserTables,
    compare,
    find_sequences_behind,
    match_generated_values,
    restore_old_keys,
    with_normalised_values,
)


def is_restored(
    before: State, upgraded: State, downgraded: State, patterns: IgnorePatterns
) -> bool:
    """Return whether the downgrade restored catalog, rows and sequences.

    A sequence that the upgrade put behind its rows is the upgrade's fault.
    """
    return not (
        has_errors(patterns.compare(before.catalog, downgraded.catalog).changes)
        or unrestored(before.rows, downgraded.rows, downgraded.tables)
        or format_only_changes(before.rows, downgraded.rows)
        or behind_after_downgrade(before, upgraded, downgraded)
    )


def has_errors(changes: Iterable[Change]) -> bool:
    """Return whether a change is an error."""
    return any(change.severity is Severity.ERROR for change in changes)


def behind_after_downgrade(
    before: State, upgraded: State, downgraded: State
) -> tuple[SequenceBehind, ...]:
    """Return the sequences that the downgrade, and not the upgrade, put behind their rows."""
    return newly_behind(before, downgraded, known=newly_behind(before, upgraded))


def newly_behind(
    before: State, after: State, *, known: Iterable[SequenceBehind] = ()
) -> tuple[SequenceBehind, ...]:
    """Return the sequences behind their rows, except those of columns with a known one."""
    if before.rows is after.rows:
        return ()
    reported = {column_of(one) for one in known}
    found = find_sequences_behind(before.rows.sequence_positions, after.rows.sequence_positions)
    return tuple(one for one in found if column_of(one) not in reported)


def column_of(one: SequenceBehind) -> TableColumn:
    """Return the column that takes its values from the sequence."""
    return place_of(one.table, one.position.column)


def row_changes(before: Digests, after: Digests) -> tuple[RowChange, ...]:
    """Return the differences of tables and columns that are in both; dropped and new ones are the catalog's.

    A table that could not be read either time is left out, and so is another format of the same value
    of JSON and numbers.
    """
    if before is after:
        return ()
    before, after = _differing(before, after), _differing(after, before)
    return _changes(with_normalised_values(before, after))


def unrestored(before: Digests, after: Digests, user_tables: UserTables) -> tuple[RowChange, ...]:
    """Return the same, with rows that differ in their keys alone as one change of each table."""
    changes = row_changes(before, after)
    if not any(change.is_loss for change in changes):
        return changes
    old, new = with_normalised_values(before, after)
    new, renumbered = restore_old_keys(old, new, user_tables)
    return tuple(sorted((*renumbered, *row_changes(old, new)))) if renumbered else changes


def newly_lost(
    changes: Sequence[RowChange], *, expected: Collection[RowChange]
) -> tuple[RowChange, ...]:
    """Return the losses that the expected differences do not show.

    If whole rows of a table are expected to differ, any of its values may: they are not the same rows.

    :param expected: the differences without the rows in question.
    """
    known = {(change.table, change.column) for change in expected}
    return tuple(
        c for c in changes if c.is_loss and not {(c.table, c.column), (c.table, "")} & known
    )


def format_only_changes(before: Digests, after: Digests) -> tuple[RowChange, ...]:
    """Return the differences in the format of equal JSON and numbers."""
    if before is after:
        return ()
    before, after = _differing(before, after), _differing(after, before)
    if not any(table.normalisable for table in before.tables):
        return ()
    more = _changes(with_normalised_values(before, after))
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
    """Return the tables of one that the other lacks or has read again."""
    known = {table.table: table for table in other.tables}
    return Digests(
        tuple(table for table in one.tables if known.get(table.table) is not table), one.unread
    )


def _columns(digests: Digests) -> dict[TableName, frozenset[str]]:
    return {table.table: frozenset(table.columns) for table in digests.tables}


def changed_tables(
    before: Digests, after: Digests, *, older: UserTables, newer: UserTables
) -> set[TableName]:
    """Return the tables that an upgrade has changed, in their definition or in their rows."""
    reshaped = {table.name for table in older if newer.find(table.name) != table}
    return reshaped | {change.table for change in compare(before, after)}


def grown_tables(before: Digests, after: Digests) -> set[TableName]:
    """Return the tables that have more rows than before."""
    counts = {table.table: table.count for table in before.tables}
    return {t.table for t in after.tables if t.count > counts.get(t.table, 0)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """The rows of two upgrades, to separate real differences from generated values."""

    before: Digests
    first: Digests
    again: Digests
    repeated: Digests | None
    """The rows of one more upgrade from the same rows as `again`; None where they are not known.

    `first` itself, where the downgrade had restored everything.
    """
    user_tables: UserTables
    """The definitions of the tables."""

    def with_original_keys(self) -> Rerun:
        """Return the same with the original keys of rows that the downgrade has renumbered."""
        again, repeated = (
            restore_old_keys(self.first, digests, self.user_tables)[0]
            if digests is not None
            else None
            for digests in (self.again, self.repeated)
        )
        return replace(self, again=again or self.again, repeated=repeated)


def split_nondeterministic(run: Rerun) -> tuple[tuple[RowChange, ...], tuple[RowChange, ...]]:
    """Return the differences of a second upgrade, and those in values that each upgrade generates.

    An upgrade that makes other rows of the same rows takes values from the clock, from random functions
    or from a sequence. Where the downgrade did not restore the rows, a further upgrade must show that.
    """
    changes = row_changes(run.first, run.again)
    if not changes or run.repeated is None:
        return changes, ()
    if run.repeated is run.first:
        generated = _generated(changes)
        return tuple(change for change in changes if change not in generated), generated
    before, first, again, repeated = with_normalised_values(
        run.before, run.first, run.again, run.repeated
    )
    named = match_generated_values(
        first, again, repeated=repeated, before=before, user_tables=run.user_tables
    )
    more = row_changes(first, named)
    return more, tuple(change for change in changes if change not in more)


def _generated(changes: Sequence[RowChange]) -> tuple[RowChange, ...]:
    """Return other values, and as many new rows as are gone."""
    gone = {c.table: c.count for c in changes if c.kind is RowChangeKind.ROWS_GONE}
    new = {c.table: c.count for c in changes if c.kind is RowChangeKind.ROWS_NEW}
    renewed: set[TableName] = {table for table, count in gone.items() if new.get(table) == count}
    return tuple(
        change
        for change in changes
        if change.kind is RowChangeKind.VALUES_CHANGED or change.table in renewed
    )
