"""A single change of the sample schema, and the message that must report it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """A change, and the start of its message."""

    name: str
    change: str | tuple[str, ...]
    message: str
    setup: tuple[str, ...] = ()
    """Statements before the first reading."""
    since: int = 15
    """The first major version that has the statement."""

    @property
    def changes(self) -> tuple[str, ...]:
        """The statements, one at a time."""
        return (self.change,) if isinstance(self.change, str) else self.change
