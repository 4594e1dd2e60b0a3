"""What a reader should know of the rows: tables without any, and rows that were refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from alembic_proof.finding import Finding
from alembic_proof.history.chain import ChainRevision
from alembic_proof.proofs.roundtrip import row_verdict
from alembic_proof.rows import FillReport, NotFilled, TableName


@dataclass(slots=True)
class Remarks:
    """Each of them once, however often the table was filled."""

    empty: dict[TableName, tuple[ChainRevision, NotFilled]] = field(default_factory=dict)
    """The tables without a row, and at which revision they first got none."""
    notes: dict[str, None] = field(default_factory=dict)
    """Texts, in the order in which they came."""
    unread: dict[TableName, tuple[ChainRevision, str]] = field(default_factory=dict)
    """The tables whose rows could not be read, at which revision first, and why."""

    def add(
        self,
        revision: ChainRevision,
        reports: Iterable[FillReport],
        unread: Mapping[TableName, str],
    ) -> None:
        """Take note of what came of filling and reading tables at this revision."""
        for name, reason in unread.items():
            self.unread.setdefault(name, (revision, reason))
        for report in reports:
            for one in report.filled:
                self.empty.pop(one.table, None)
            for bare in report.not_filled:
                if not bare.has_rows:
                    self.empty.setdefault(bare.table, (revision, bare))
            self.notes |= {str(note): None for note in report.notes}

    def findings(self) -> tuple[Finding, ...]:
        """A note for each table that stayed empty, and one for all that was filled in part."""
        return (
            *(row_verdict.not_filled(revision, one) for revision, one in self.empty.values()),
            *(
                row_verdict.not_read(revision, name, reason)
                for name, (revision, reason) in self.unread.items()
            ),
            *row_verdict.partly_filled(tuple(self.notes)),
        )
