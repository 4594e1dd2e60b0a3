"""One difference of two catalogs, as a value and as a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import unified_diff

from alembic_proof.catalog.model import Identity, Key, Kind
from alembic_proof.finding import Severity

NOTHING = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What `before` (expected) has and `after` has not, or has otherwise."""

    kind: Kind
    identity: Identity
    attribute: str | None = None
    """None where the object itself is missing or unexpected."""
    before: str | None = None
    after: str | None = None
    severity: Severity = Severity.ERROR
    """A note where it cannot be restored, or belongs to an installation; else an error."""

    @property
    def key(self) -> Key:
        """The key of the object that differs."""
        return Key(self.kind, self.identity)

    @property
    def is_missing(self) -> bool:
        """The object is expected and not there."""
        return self.attribute is None and self.after is None

    @property
    def is_unexpected(self) -> bool:
        """The object is there and not expected."""
        return self.attribute is None and self.before is None

    def __str__(self) -> str:
        if self.is_missing:
            return f"{self.key}: missing"
        if self.is_unexpected:
            return f"{self.key}: unexpected"
        subject = str(self.key)
        if self.attribute not in ("definition", "values", "order"):
            subject = f"{subject}, {self.attribute}"
        return f"{subject}: {_transition(self.before, self.after)}"


def _transition(before: str | None, after: str | None) -> str:
    old = NOTHING if before is None else before
    new = NOTHING if after is None else after
    if "\n" not in old and "\n" not in new:
        return f"{old} -> {new}"
    lines = unified_diff(old.splitlines(), new.splitlines(), n=1, lineterm="")
    changed = [line for line in list(lines)[2:] if not line.startswith("@@")]
    return "\n".join(["changed", *(f"    {line}" for line in changed)])
