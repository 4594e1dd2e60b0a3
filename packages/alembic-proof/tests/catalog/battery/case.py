"""A single change of the zoo, and the one sentence that must report it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """What is done, and how the report begins."""

    name: str
    change: str | tuple[str, ...]
    says: str
    setup: tuple[str, ...] = ()
    """Statements that come before the first reading."""
    since: int = 15
    """The first major version that knows the statement."""
    is_offered: bool = True
    """Whether ddl proposes statements that take it back and do it again."""

    @property
    def changes(self) -> tuple[str, ...]:
        """The statements, one at a time."""
        return (self.change,) if isinstance(self.change, str) else self.change
