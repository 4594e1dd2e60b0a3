"""The round trip's findings on rows: lost, left, hidden, made differently, not filled."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from alembic_proof.finding import Finding, Severity, first_of
from alembic_proof.history.revisions import ChainRevision, TableColumn, place_of
from alembic_proof.proofs.roundtrip.findings import finding_of
from alembic_proof.proofs.roundtrip.help_texts import (
    UpgradeEffects,
    equal_rows_lost,
    lossy,
    row_change_help,
    written,
)
from alembic_proof.proofs.roundtrip.observation import Direction
from alembic_proof.rows import (
    Digests,
    FillReport,
    NotFilled,
    RowChange,
    RowChangeKind,
    SequenceBehind,
    TableInfo,
    TableName,
    UserTables,
)
from alembic_proof.rows.schema import Check, ForeignKeyInfo, UniqueKey
from alembic_proof.sql import quote_identifier

_MOST_LISTED = 20
_REMOVE_OR_SHOW = "remove the declaration, or supply rows that show the loss"


def rows_found(
    revision: ChainRevision,
    direction: Direction,
    changes: Sequence[RowChange],
    *,
    new_columns: frozenset[str] = frozenset(),
    upgraded: UpgradeEffects | None = None,
) -> Iterator[Finding]:
    """Yield a finding for each change; a note where the revision declares the loss.

    Values that a backfill leaves in a new column are a note as well: before it, rows had none.

    :param new_columns: the columns that the revisions directly before have added, qualified and quoted.
    :param upgraded: the effects of the upgrade, where its downgrade is judged.
    """
    for change in changes:
        names = (
            f"{change.table}.{change.column}",
            f"{change.table}.{quote_identifier(change.column)}",
        )
        is_backfill = change.kind is RowChangeKind.VALUES_NEW
        is_backfill &= not new_columns.isdisjoint(names)
        is_declared = is_backfill or revision.is_declared_lost(change.table, change.column)
        yield _row_finding(
            revision,
            direction,
            change,
            when=f"after {direction}",
            is_noted=is_declared,
            help_=row_change_help(change, direction, upgraded),
        )


def lost_with_new_rows(
    revision: ChainRevision, changes: Sequence[RowChange], *, touched: Collection[TableName]
) -> Iterator[Finding]:
    """Yield what a downgrade loses only when the tables have rows that the old schema forbids.

    :param touched: the tables that the upgrade has changed: the downgrade may move new rows into
        these, so that other values of older rows are a note.
    """
    for change in changes:
        is_lost = change.kind in (RowChangeKind.ROWS_GONE, RowChangeKind.UNREAD)
        is_lost |= change.table not in touched
        yield _row_finding(
            revision,
            "downgrade",
            change,
            when="after downgrade over rows that only the new schema permits",
            is_noted=not is_lost or revision.is_declared_lost(change.table, change.column),
        )


def duplicates_lost(revision: ChainRevision, changes: Sequence[RowChange]) -> Iterator[Finding]:
    """Yield what the cycle loses only when the tables have duplicates of a key that it adds."""
    for change in changes:
        yield _row_finding(
            revision,
            "downgrade",
            change,
            when="after downgrade over duplicates of its new key",
            is_noted=revision.is_declared_lost(change.table, change.column),
            help_=equal_rows_lost(change),
        )


def _row_finding(
    revision: ChainRevision,
    direction: Direction,
    change: RowChange,
    *,
    when: str,
    is_noted: bool,
    help_: str = "",
) -> Finding:
    """Return the finding on one change of rows, with the keys of the rows as details."""
    id_ = "rows-lost" if change.is_loss else "rows-left"
    if change.kind is RowChangeKind.ROWS_RENUMBERED:
        id_ = "rows-renumbered"
    return finding_of(
        revision,
        direction,
        id_,
        replace(change, rows=()).describe(when=when),
        is_noted=is_noted,
        details=_keys(change),
        help_="" if is_noted else help_,
    )


def _keys(change: RowChange) -> tuple[str, ...]:
    """Return the keys of the changed rows, three lines where not all of them are known."""
    if change.count <= len(change.rows) or len(change.rows) < 3:
        return change.rows
    first, second, third, *_ = change.rows
    return first, second, f"{third} and {change.count - 3} more"


def new_rows_gone(revision: ChainRevision, changes: Sequence[RowChange]) -> Iterator[Finding]:
    """Yield one note on the rows that a downgrade deletes because the old schema forbids them."""
    gone = [
        f"{change.qualified_name} ({'; '.join(change.rows) or change.count})"
        for change in changes
        if change.kind is RowChangeKind.ROWS_GONE
    ]
    if gone:
        message = "its downgrade deletes rows that only the new schema permits"
        yield finding_of(revision, "downgrade", "new-rows-gone", message, details=gone)


def nondeterministic_values(
    revision: ChainRevision, changes: Sequence[RowChange]
) -> Iterator[Finding]:
    """Yield one note on the values that each upgrade generates again."""
    if changes:
        columns = _listed(change.qualified_name for change in changes)
        message = f"generates other values each time (clock, random or sequence): {columns}"
        yield finding_of(revision, "second upgrade", "rows-nondeterministic", message)


def format_only_differences(
    revision: ChainRevision, direction: Direction, changes: Sequence[RowChange]
) -> Iterator[Finding]:
    """Yield one note on JSON and numbers that are equal in value and stored in another format."""
    if changes:
        columns = _listed(change.qualified_name for change in changes)
        message = f"its {direction} stores equal values in another format: {columns}"
        yield finding_of(revision, direction, "rows-reformatted", message)


def sequences_behind(
    revision: ChainRevision, direction: Direction, behind: Sequence[SequenceBehind]
) -> Iterator[Finding]:
    """Yield a finding for each sequence whose next value is taken; a note for a declared loss."""
    for one in behind:
        is_declared = revision.is_declared_lost(one.table, one.position.column)
        yield finding_of(
            revision,
            direction,
            "sequence-behind",
            one.describe(when=f"after {direction}"),
            is_noted=is_declared,
            help_=""
            if is_declared
            else f"call setval() with the greatest value in the {direction}",
        )


def places_in(tables: Iterable[TableInfo]) -> Iterator[TableColumn]:
    """Yield the tables and their columns."""
    for table in tables:
        yield place_of(table.name)
        yield from (place_of(table.name, column.name) for column in table.columns)


def changed_places(older: UserTables, newer: UserTables) -> Iterator[TableColumn]:
    """Yield the columns that have another type, nullability or constraint in `newer`, and their tables.

    A value that one of the definitions permits may be invalid in the other one, whether or not the
    rows of the round trip have it. Columns that are added or dropped are left out.
    """
    for table in newer:
        old = older.find(table.name)
        names = _changed_columns(old, table) if old is not None else ()
        for name in names:
            yield from (place_of(table.name), place_of(table.name, name))


def _changed_columns(old: TableInfo, new: TableInfo) -> frozenset[str]:
    both = {one.name: (one, before) for one in new.columns if (before := old.column(one.name))}
    changed = {
        name
        for name, (one, before) in both.items()
        if (one.type, one.is_nullable) != (before.type, before.is_nullable)
    }
    constraints = _constraints(old) ^ _constraints(new)
    return frozenset(changed.union(*(one.columns for one in constraints)) & both.keys())


def _constraints(table: TableInfo) -> frozenset[Check | UniqueKey | ForeignKeyInfo]:
    """Return the table's constraints without their names."""
    found: tuple[Check | UniqueKey | ForeignKeyInfo, ...]
    found = (*table.checks, *table.keys, *table.foreign_keys)
    return frozenset(replace(one, name="") for one in found)


def shows_losses(before: Digests, older: UserTables, newer: UserTables) -> bool:
    """Return whether there were rows to lose: in the database, and in each table that changes."""
    changed = {table.name for table in older if newer.find(table.name) != table}
    counts = {table.table: table.count for table in before.tables}
    return any(counts.values()) and all(counts.get(name, 1) for name in changed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedLosses:
    """The tables and columns that a revision's declared losses are compared with."""

    lost: frozenset[TableColumn]
    """Something was lost or left there; also where the column or the table was dropped."""
    excused: frozenset[TableColumn]
    """A loss there is an error unless it is declared."""
    there: frozenset[TableColumn]
    """The tables and columns before or after the upgrade."""
    filled: frozenset[TableColumn]
    """A loss there would have been observed."""
    changed: frozenset[TableColumn]
    """Another type, nullability or constraint there may lose values that no row has."""


def declared_losses(revision: ChainRevision, seen: ObservedLosses) -> Iterator[Finding]:
    """Yield a warning for each declared loss that does not happen, a note for one without a name.

    A loss is a note as well where the revision changes what values are valid: other rows may show it.
    """
    for loss in revision.losses:
        for name in loss.names:
            is_lost = any(name.covers_place(place) for place in seen.lost)
            if not name.is_one_of(seen.there):
                message = f"declares a loss of {name.text}, which is no table or column"
                help_ = "correct the name: table, table.column or schema.table.column"
                yield _untrue(revision, message, help_)
            elif not is_lost and name.is_one_of(seen.filled):
                message = f"declares a loss of {name.text}, but its round trip keeps all of it"
                yield _untrue(revision, message, is_noted=name.is_one_of(seen.changed))
        if not loss.names and seen.excused:
            yield _unnamed(revision, seen)


def _unnamed(revision: ChainRevision, seen: ObservedLosses) -> Finding:
    """Return the note on a declaration that names nothing, so that it covers every loss."""
    places = sorted(
        written("" if schema == "public" else schema, table, column)
        for schema, table, column in seen.excused
    )
    message = f"its `lossy` names no table, so it covers every loss: {first_of(places, most=_MOST_LISTED)}"
    return finding_of(
        revision,
        "downgrade",
        "loss-without-a-name",
        message,
        help_=f"name what is lost: {lossy(', '.join(places[:3]), 'why')}",
    )


def untrue_lossy(revision: ChainRevision) -> Finding:
    """Return the warning on a declared loss that does not happen."""
    return _untrue(revision, "declares `lossy`, but its round trip keeps all rows")


def _untrue(
    revision: ChainRevision, message: str, help_: str = "", *, is_noted: bool = False
) -> Finding:
    todo = "supply rows that show the loss" if is_noted else _REMOVE_OR_SHOW
    return finding_of(
        revision,
        "downgrade",
        "declared-not-needed",
        message,
        is_noted=is_noted,
        help_=help_ or todo,
    )


@dataclass(frozen=True, slots=True)
class FillRecord:
    """The reports of one cycle about filling and reading tables."""

    revision: ChainRevision
    reports: tuple[FillReport, ...]
    unread: tuple[tuple[TableName, str], ...]
    """The tables whose rows could not be read, and why."""


def fill_findings(records: Iterable[FillRecord]) -> tuple[Finding, ...]:
    """Return a note for each table without rows or unread rows, and one on tables with fewer rows.

    Each is reported once, at the first revision; a table that got rows later is not reported.
    """
    empty: dict[TableName, tuple[ChainRevision, NotFilled]] = {}
    unread: dict[TableName, tuple[ChainRevision, str]] = {}
    notes: dict[str, None] = {}
    for record in records:
        for name, reason in record.unread:
            unread.setdefault(name, (record.revision, reason))
        for report in record.reports:
            for one in report.filled:
                empty.pop(one.table, None)
            for bare in report.not_filled:
                if not bare.has_rows:
                    empty.setdefault(bare.table, (record.revision, bare))
            notes |= {str(note): None for note in report.notes}
    return (
        *(
            finding_of(revision, "upgrade", "not-filled", str(one))
            for revision, one in empty.values()
        ),
        *(_not_read(revision, name, reason) for name, (revision, reason) in unread.items()),
        *_partly_filled(tuple(notes)),
    )


def _not_read(revision: ChainRevision, name: TableName, reason: str) -> Finding:
    message = f"{name.removeprefix('public.')}: its rows cannot be read: {reason}"
    return finding_of(revision, "upgrade", "not-read", message)


def _partly_filled(notes: tuple[str, ...]) -> Iterator[Finding]:
    if notes:
        yield Finding(
            id="partly-filled",
            message="some tables have fewer test rows than asked",
            details=notes,
            severity=Severity.NOTE,
        )


def _listed(names: Iterable[str]) -> str:
    return first_of([*dict.fromkeys(names)], most=_MOST_LISTED)
