"""A difference of two catalogs, told of its two sides by name."""

from __future__ import annotations

from dataclasses import dataclass

from alembic_proof.catalog import Change


@dataclass(frozen=True, slots=True)
class Sides:
    """What the two catalogs are called: the one that is expected, and the one that is found."""

    expected: str
    found: str

    def sentence(self, change: Change) -> str:
        """The change; what one side has alone is said to be only there."""
        if change.is_missing:
            return f"{change.key}: only in the {self.expected}"
        if change.is_unexpected:
            return f"{change.key}: only in the {self.found}"
        return f"{self.expected} -> {self.found}: {change}"
