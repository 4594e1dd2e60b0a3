"""What a proof hands to a report."""

from __future__ import annotations

from dataclasses import dataclass

from alembic_proof.finding import Finding
from alembic_proof.proofs import Step


@dataclass(frozen=True, slots=True)
class Outcome:
    """The proof's name, what it did, and what it found."""

    proof: str
    steps: tuple[Step, ...]
    findings: tuple[Finding, ...]

    def of_path(self, path: str) -> tuple[Finding, ...]:
        """The findings in one file."""
        return tuple(f for f in self.findings if f.location and f.location.path == path)
