"""What a project's settings let a round trip pass over, and what is said of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Self

from alembic_proof.config import Config
from alembic_proof.finding import Finding, Severity
from alembic_proof.history.chain import ChainRevision
from alembic_proof.history.declared import refuse_unknown, with_exceptions
from alembic_proof.proofs.ignored import Ignored
from alembic_proof.proofs.roundtrip.unmet import Unmet
from alembic_proof.proofs.roundtrip.verdict import skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """The chain with the exceptions, which revisions are skipped and why, what is ignored."""

    chain: tuple[ChainRevision, ...]
    skipped: dict[str, str]
    ignored: Ignored

    @classmethod
    def of(cls, settings: Config | None, chain: tuple[ChainRevision, ...]) -> Self:
        """What the settings say of this chain; nothing without settings.

        Raises:
            ConfigError: they name a revision that is not there.
        """
        if settings is None:
            return cls(chain=chain, skipped={}, ignored=Ignored())
        refuse_unknown(chain, dict(settings.skip), key="skip", settings=settings.file)
        return cls(
            chain=with_exceptions(chain, settings.exceptions, settings=settings.file),
            skipped=dict(settings.skip),
            ignored=Ignored.of(settings),
        )

    @property
    def ids(self) -> set[str]:
        """All revisions of the chain."""
        return {revision.revision_id for revision in self.chain}

    def notes(self, wanted: Collection[str]) -> Iterator[Finding]:
        """A note for each revision that was skipped, and for each pattern that met nothing.

        Nothing is known of the patterns where only a part of the chain was proved.
        """
        for revision in self.chain:
            if revision.revision_id in wanted and revision.revision_id in self.skipped:
                yield skipped(revision, self.skipped[revision.revision_id])
        if len(wanted) == len(self.chain):
            yield from self.ignored.unmet()

    def unmet(self, unmet: Unmet) -> Iterator[Finding]:
        """A warning for each table and column that the settings name and nobody has seen.

        A note where revisions were skipped: the table may have been there in between.
        """
        yield from unmet.findings(severity=Severity.NOTE if self.skipped else Severity.WARNING)
