"""What became of the rows, in findings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from alembic_proof.finding import Finding, Severity, first_of
from alembic_proof.history.chain import ChainRevision
from alembic_proof.history.losses import TableColumn, place_of
from alembic_proof.proofs.roundtrip.direction import Direction
from alembic_proof.proofs.roundtrip.row_remedies import UpgradeEffects, loss_remedy, lossy, written
from alembic_proof.proofs.roundtrip.verdict import finding_of
from alembic_proof.rows import (
    Digests,
    FallenBehind,
    NotFilled,
    RowChange,
    RowChangeKind,
    Shapes,
    Table,
    TableName,
)
from alembic_proof.rows.literal import quote_name

_MOST_LISTED = 20


def rows_found(
    revision: ChainRevision,
    direction: Direction,
    changes: Sequence[RowChange],
    *,
    new_columns: frozenset[str] = frozenset(),
    upgraded: UpgradeEffects | None = None,
) -> Iterator[Finding]:
    """Yield a finding for each change; a note where the revision declares that it loses something.

    So are values that a backfill leaves in a new column: below it, rows had none yet.

    :param new_columns: qualified and quoted; those that the revisions directly before have added.
    :param upgraded: what the upgrade has done, where its downgrade is judged.
    """
    for change in changes:
        names = (f"{change.table}.{change.column}", f"{change.table}.{quote_name(change.column)}")
        is_backfill = change.kind is RowChangeKind.VALUES_NEW
        is_backfill &= not new_columns.isdisjoint(names)
        is_declared = is_backfill or revision.is_declared_lost(change.table, change.column)
        yield finding_of(
            revision,
            direction,
            _rule(change),
            change.told(when=f"after {direction}"),
            Severity.NOTE if is_declared else Severity.ERROR,
            todo="" if is_declared else loss_remedy(change, direction, upgraded),
        )


def sequences_behind(
    revision: ChainRevision, direction: Direction, fallen: Sequence[FallenBehind]
) -> Iterator[Finding]:
    """A finding for each sequence that gives taken numbers; a note where a loss is declared."""
    for one in fallen:
        is_declared = revision.is_declared_lost(one.table, one.position.column)
        yield finding_of(
            revision,
            direction,
            "sequence-behind",
            one.told(when=f"after {direction}"),
            Severity.NOTE if is_declared else Severity.ERROR,
            todo="" if is_declared else "let it call setval() with the greatest number there",
        )


def _rule(change: RowChange) -> str:
    if change.kind is RowChangeKind.ROWS_RENUMBERED:
        return "rows-renumbered"
    return "rows-lost" if change.is_loss else "rows-left"


def made_anew(revision: ChainRevision, changes: Sequence[RowChange]) -> Iterator[Finding]:
    """One note on all values that its second upgrade made otherwise."""
    if changes:
        places = _listed(change.place for change in changes)
        message = f"makes other values each time (clock, chance or a sequence): {places}"
        yield finding_of(revision, "second upgrade", "rows-anew", message, Severity.NOTE)


def made_respelt(
    revision: ChainRevision, direction: Direction, changes: Sequence[RowChange]
) -> Iterator[Finding]:
    """One note on the JSON and the numbers that mean the same and are written otherwise."""
    if changes:
        places = _listed(change.place for change in changes)
        message = f"writes otherwise after its {direction} what means the same: {places}"
        yield finding_of(revision, direction, "rows-respelt", message, Severity.NOTE)


def over_new_rows(
    revision: ChainRevision, changes: Sequence[RowChange], *, touched: Collection[TableName]
) -> Iterator[Finding]:
    """What a downgrade did to rows when it met some that only its upgrade allows.

    That values of older rows differ then is a note in a table that the upgrade has touched: new
    rows may have been moved into them.
    """
    for change in changes:
        is_lost = change.kind in (RowChangeKind.ROWS_GONE, RowChangeKind.UNREAD)
        is_lost |= change.table not in touched
        is_noted = not is_lost or revision.is_declared_lost(change.table, change.column)
        yield finding_of(
            revision,
            "downgrade",
            "rows-lost",
            change.told(when="after downgrade over rows that only its upgrade allows"),
            Severity.NOTE if is_noted else Severity.ERROR,
        )


def new_rows_gone(revision: ChainRevision, changes: Sequence[RowChange]) -> Iterator[Finding]:
    """One note on the rows that a downgrade takes because only its upgrade allows them."""
    gone = [
        f"{change.place} ({'; '.join(change.rows) or change.count})"
        for change in changes
        if change.kind is RowChangeKind.ROWS_GONE
    ]
    if gone:
        message = f"its downgrade takes rows that only its upgrade allows: {first_of(gone, most=_MOST_LISTED)}"
        yield finding_of(revision, "downgrade", "new-rows-gone", message, Severity.NOTE)


def not_read(revision: ChainRevision, name: TableName, reason: str) -> Finding:
    """A table whose rows cannot be compared, and why."""
    message = f"{name.removeprefix('public.')}: its rows cannot be read: {reason}"
    return finding_of(revision, "upgrade", "not-read", message, Severity.NOTE)


def places_in(shapes: Iterable[Table]) -> Iterator[TableColumn]:
    """Yield the tables and their columns."""
    for table in shapes:
        yield place_of(table.name)
        yield from (place_of(table.name, column.name) for column in table.columns)


def shows_losses(before: Digests, older: Shapes, newer: Shapes) -> bool:
    """Whether rows were there to be lost: some, and some in each table that the revision changes."""
    changed = {table.name for table in older if newer.find(table.name) != table}
    counts = {table.table: table.count for table in before.tables}
    return any(counts.values()) and all(counts.get(name, 1) for name in changed)


@dataclass(frozen=True, slots=True, kw_only=True)
class LossesSeen:
    """What the declared losses of a revision are held to."""

    lost: frozenset[TableColumn]
    """Where something was lost or left, also with a column or a table that goes."""
    excused: frozenset[TableColumn]
    """Where that is an error without a declaration."""
    there: frozenset[TableColumn]
    """The tables and columns below the revision and above it."""
    filled: frozenset[TableColumn]
    """The tables and columns of which a loss would have been seen."""


def declared_losses(revision: ChainRevision, seen: LossesSeen) -> Iterator[Finding]:
    """Yield a warning for each declared loss that does not happen, a note where nothing is named."""
    for loss in revision.losses:
        for name in loss.names:
            is_lost = any(name.covers_place(place) for place in seen.lost)
            if not name.is_one_of(seen.there):
                message = f"declares a loss of {name.text}, and there is no such table or column"
                todo = "correct the name: table, table.column or schema.table.column"
                yield _untrue(revision, message, todo)
            elif not is_lost and name.is_one_of(seen.filled):
                message = f"declares a loss of {name.text}, and its round trip keeps all of it"
                yield _untrue(revision, message)
        if not loss.names and seen.excused:
            yield _unnamed(revision, seen)


def _unnamed(revision: ChainRevision, seen: LossesSeen) -> Finding:
    """Return a note on a declaration that covers every loss."""
    places = sorted(
        written("" if schema == "public" else schema, table, column)
        for schema, table, column in seen.excused
    )
    message = f"its `lossy` names no table, so it covers every loss: {first_of(places, most=_MOST_LISTED)}"
    todo = f"name what is lost: {lossy(', '.join(places[:3]), 'why')}"
    return finding_of(
        revision, "downgrade", "loss-without-a-name", message, Severity.NOTE, todo=todo
    )


def untrue_lossy(revision: ChainRevision) -> Finding:
    """It declares a loss that does not happen."""
    return _untrue(revision, "declares itself lossy, and its round trip keeps all rows")


def _untrue(revision: ChainRevision, message: str, todo: str = "") -> Finding:
    return finding_of(
        revision,
        "downgrade",
        "declared-not-needed",
        message,
        Severity.WARNING,
        todo=todo or "take the declaration out, or supply rows that show what is lost",
    )


def not_filled(revision: ChainRevision, one: NotFilled) -> Finding:
    """A table that is proved without rows, and why."""
    return finding_of(revision, "upgrade", "not-filled", str(one), Severity.NOTE)


def partly_filled(notes: Sequence[str]) -> Iterator[Finding]:
    """One note on all rows and columns that could not be filled as they should be."""
    if notes:
        lines = [*notes[:_MOST_LISTED]]
        if len(notes) > _MOST_LISTED:
            lines.append(f"and {len(notes) - _MOST_LISTED} more")
        text = "\n".join(["some tables hold less than was asked", *(f"  {each}" for each in lines)])
        yield Finding(rule="partly-filled", message=text, severity=Severity.NOTE)


def _listed(places: Iterable[str]) -> str:
    return first_of([*dict.fromkeys(places)], most=_MOST_LISTED)
