"""Patterns of catalog changes that are not reported, such as `trigger:audit.*`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Self

from alembic_proof.catalog import KINDS, Catalog, Change, diff
from alembic_proof.config import Config
from alembic_proof.errors import ConfigError
from alembic_proof.finding import Finding, Severity


@dataclass(slots=True)
class Ignored:
    """The patterns, `kind:name` each, and which of them have met a change until now."""

    patterns: tuple[str, ...] = ()
    column_order: bool = False
    """Whether the order of a table's columns is compared."""
    _met: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, settings: Config | None) -> Self:
        """What the settings ignore; nothing without settings.

        Raises:
            ConfigError: a pattern without a kind or a name, or for a kind that there is not.
        """
        if settings is None:
            return cls()
        for pattern in settings.ignore:
            _refuse_unclear(pattern, settings=settings.file)
        return cls(settings.ignore, settings.column_order)

    def changes(self, before: Catalog, after: Catalog) -> tuple[Change, ...]:
        """Return what `after` has otherwise than `before` and no pattern matches."""
        return self.without(diff(before, after, column_order=self.column_order))

    def without(self, changes: Iterable[Change]) -> tuple[Change, ...]:
        """The changes that no pattern meets."""
        return tuple(change for change in changes if not self._meets(change))

    def unmet(self) -> tuple[Finding, ...]:
        """A note for each pattern that has met nothing: it may have served its time."""
        return tuple(
            Finding(
                rule="ignores-nothing",
                message=f"ignore = {pattern!r} matches no change",
                severity=Severity.NOTE,
                todo="take it out of [tool.alembic-proof], if it is not for another proof",
            )
            for pattern in self.patterns
            if pattern not in self._met
        )

    def _meets(self, change: Change) -> bool:
        """Whether a pattern meets the change; each that does is remembered."""
        met = [pattern for pattern in self.patterns if _matches(pattern, change)]
        self._met.update(met)
        return bool(met)


def _refuse_unclear(pattern: str, *, settings: Path) -> None:
    kind, _, name = pattern.partition(":")
    said = f"ignore = {pattern!r} in [tool.alembic-proof]"
    if not kind or not name:
        raise ConfigError(
            f"{said} is no kind:name",
            where=str(settings),
            todo="write it as `trigger:audit.*`, or `*:audit.*` for every kind",
        )
    if not any(fnmatchcase(known, kind) for known in KINDS):
        near = get_close_matches(kind, KINDS, n=1)
        raise ConfigError(
            f"{said} is for {kind!r}, which is no kind",
            where=str(settings),
            todo=(f"did you mean {near[0]!r}? " if near else "")
            + "docs/catalog.md lists the kinds",
        )


def _matches(pattern: str, change: Change) -> bool:
    kind, _, name = pattern.partition(":")
    return fnmatchcase(change.kind, kind) and fnmatchcase(change.identity, name)
