"""What a second upgrade made otherwise, and what it only made anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from alembic_proof.proofs.roundtrip.row_changes import row_changes
from alembic_proof.rows import (
    Digests,
    RowChange,
    RowChangeKind,
    Shapes,
    TableName,
    meant,
    renamed,
    with_old_keys,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondRun:
    """What an upgrade gave twice, and what it came from the first time."""

    before: Digests
    first: Digests
    again: Digests
    trial: Digests | None
    """What it gave another time from the same rows as `again`; None where nobody knows.

    `first` itself, where the downgrade had restored everything.
    """
    shapes: Shapes
    """Those of the tables above."""

    def with_first_keys(self) -> SecondRun:
        """Return the same, where rows have the keys that the downgrade has given other numbers."""
        again, trial = (
            with_old_keys(self.first, digests, self.shapes)[0] if digests is not None else None
            for digests in (self.again, self.trial)
        )
        return replace(self, again=again or self.again, trial=trial)


def split_anew(run: SecondRun) -> tuple[tuple[RowChange, ...], tuple[RowChange, ...]]:
    """What a second upgrade changed, and what it only made anew.

    An upgrade that meets the same rows and makes others takes them from the clock, from chance or
    from a sequence. Where the downgrade did not restore the rows it has to be seen to do so.
    """
    changes = row_changes(run.first, run.again)
    if not changes or run.trial is None:
        return changes, ()
    if run.trial is run.first:
        anew = _by_chance(changes)
        return tuple(change for change in changes if change not in anew), anew
    before, first, again, trial = meant(run.before, run.first, run.again, run.trial)
    named = renamed(first, again, trial=trial, before=before, shapes=run.shapes)
    more = row_changes(first, named)
    return more, tuple(change for change in changes if change not in more)


def _by_chance(changes: Sequence[RowChange]) -> tuple[RowChange, ...]:
    """Other values, and as many new rows as are gone: what the same rows are made into."""
    gone = {c.table: c.count for c in changes if c.kind is RowChangeKind.ROWS_GONE}
    new = {c.table: c.count for c in changes if c.kind is RowChangeKind.ROWS_NEW}
    renewed: set[TableName] = {table for table, count in gone.items() if new.get(table) == count}
    return tuple(
        change
        for change in changes
        if change.kind is RowChangeKind.VALUES_CHANGED or change.table in renewed
    )
