"""What became of the rows, in findings."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from alembic_proof.finding import Finding, Severity
from alembic_proof.history.chain import ChainRevision
from alembic_proof.proofs.roundtrip.direction import Direction
from alembic_proof.proofs.roundtrip.verdict import finding_of
from alembic_proof.rows import (
    Digests,
    FallenBehind,
    NotFilled,
    RowChange,
    RowChangeKind,
    Shapes,
    TableName,
)

_MOST_LISTED = 20


def rows_found(
    revision: ChainRevision, direction: Direction, changes: Sequence[RowChange]
) -> Iterator[Finding]:
    """A finding for each change; a note where the revision declares that it loses something."""
    is_declared = bool(revision.lossy or revision.irreversible)
    for change in changes:
        yield finding_of(
            revision,
            direction,
            "rows-lost" if change.is_loss else "rows-left",
            change.told(when=f"after {direction}"),
            Severity.NOTE if is_declared else Severity.ERROR,
            todo=""
            if is_declared
            else _TODO[direction]
            if change.is_loss
            else _TAKE_AWAY[direction],
        )


def sequences_behind(
    revision: ChainRevision, direction: Direction, fallen: Sequence[FallenBehind]
) -> Iterator[Finding]:
    """A finding for each sequence that gives taken numbers; a note where a loss is declared."""
    is_declared = bool(revision.lossy or revision.irreversible)
    for one in fallen:
        yield finding_of(
            revision,
            direction,
            "sequence-behind",
            one.told(when=f"after {direction}"),
            Severity.NOTE if is_declared else Severity.ERROR,
            todo="" if is_declared else "let it call setval() with the greatest number there",
        )


_TODO: dict[Direction, str] = {
    "upgrade": "",
    "downgrade": 'bring them back in downgrade(), or declare `lossy = "what is lost"`',
    "second upgrade": "let upgrade() make the same rows of what its downgrade leaves",
}
_TAKE_AWAY: dict[Direction, str] = _TODO | {
    "downgrade": 'take them away in downgrade(), or declare `lossy = "what is left"`'
}


def made_anew(revision: ChainRevision, changes: Sequence[RowChange]) -> Iterator[Finding]:
    """One note on all values that its second upgrade made otherwise."""
    if changes:
        places = listed([*dict.fromkeys(change.place for change in changes)])
        message = f"makes other values each time (clock, chance or a sequence): {places}"
        yield finding_of(revision, "second upgrade", "rows-anew", message, Severity.NOTE)


def made_respelt(
    revision: ChainRevision, direction: Direction, changes: Sequence[RowChange]
) -> Iterator[Finding]:
    """One note on the JSON and the numbers that mean the same and are written otherwise."""
    if changes:
        places = listed([*dict.fromkeys(change.place for change in changes)])
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
        is_noted = not is_lost or bool(revision.lossy or revision.irreversible)
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
        message = f"its downgrade takes rows that only its upgrade allows: {listed(gone)}"
        yield finding_of(revision, "downgrade", "new-rows-gone", message, Severity.NOTE)


def not_read(revision: ChainRevision, name: TableName, reason: str) -> Finding:
    """A table whose rows cannot be compared, and why."""
    message = f"{name.removeprefix('public.')}: its rows cannot be read: {reason}"
    return finding_of(revision, "upgrade", "not-read", message, Severity.NOTE)


def shows_losses(before: Digests, older: Shapes, newer: Shapes) -> bool:
    """Whether rows were there to be lost: some, and some in each table that the revision changes."""
    changed = {table.name for table in older if newer.find(table.name) != table}
    counts = {table.table: table.count for table in before.tables}
    return any(counts.values()) and all(counts.get(name, 1) for name in changed)


def untrue_lossy(revision: ChainRevision) -> Finding:
    """It declares a loss that does not happen."""
    return finding_of(
        revision,
        "downgrade",
        "declared-not-needed",
        "declares itself lossy, and its round trip keeps all rows",
        Severity.WARNING,
        todo="take the declaration out, or supply rows that show what is lost",
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


def listed(names: Sequence[str]) -> str:
    """The first of the names, and how many more there are."""
    few = ", ".join(names[:_MOST_LISTED])
    return f"{few} and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else few
