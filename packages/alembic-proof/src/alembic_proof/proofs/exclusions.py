"""The parts of a history that the settings exclude from a proof: ignored changes, skipped revisions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal, Self

from alembic_deploy.errors import ConfigError
from alembic_proof.catalog import KINDS, Catalog, Change, Key, diff
from alembic_proof.config import Settings
from alembic_proof.finding import Finding, Location, Severity, shown_path
from alembic_proof.history.revisions import ChainRevision, refuse_unknown, with_exceptions


@dataclass(frozen=True, slots=True)
class CatalogComparison:
    """The changes between two catalogs that are reported, and the patterns that matched others."""

    changes: tuple[Change, ...] = ()
    matched_patterns: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class IgnorePatterns:
    """Patterns of catalog changes that are not reported, `kind:name` each, such as `trigger:audit.*`."""

    patterns: tuple[str, ...] = ()
    column_order: bool = False
    """Whether a different order of a table's columns is a change."""

    @classmethod
    def of(cls, settings: Settings, *, key: Literal["ignore", "leave_out"] = "ignore") -> Self:
        """Return the patterns of the settings.

        :raises ConfigError: a pattern has no kind or no name, or its kind does not exist.
        """
        patterns = settings.ignore if key == "ignore" else settings.leave_out
        for pattern in patterns:
            _refuse_unclear(pattern, key=key, settings=settings.file)
        return cls(patterns, settings.column_order)

    def compare(self, before: Catalog, after: Catalog) -> CatalogComparison:
        """Return the changes from `before` to `after` that no pattern matches."""
        if before is after:
            return CatalogComparison()
        return self.apply(diff(before, after, column_order=self.column_order))

    def apply(self, changes: Iterable[Change]) -> CatalogComparison:
        """Return the changes that no pattern matches, and the patterns that matched the others."""
        pairs = [
            (change, tuple(one for one in self.patterns if matches(one, change.key)))
            for change in changes
        ]
        return CatalogComparison(
            changes=tuple(change for change, matched in pairs if not matched),
            matched_patterns=frozenset(one for _, matched in pairs for one in matched),
        )

    def unmatched(self, matched: Collection[str]) -> tuple[Finding, ...]:
        """Return a note for each pattern that matched nothing.

        :param matched: the patterns that matched a change in any comparison of the proof.
        """
        return tuple(
            Finding(
                id="ignores-nothing",
                message=f"ignore = {pattern!r} matches no change",
                severity=Severity.NOTE,
                help="remove it from [tool.alembic-proof], unless another proof needs it",
            )
            for pattern in self.patterns
            if pattern not in matched
        )


def _refuse_unclear(pattern: str, *, key: str, settings: Path) -> None:
    kind, _, name = pattern.partition(":")
    said = f"{key} = {pattern!r} in [tool.alembic-proof]"
    if not kind or not name:
        raise ConfigError(
            f"{said} is not of the form kind:name",
            where=str(settings),
            todo="write it as `trigger:audit.*`, or `*:audit.*` for every kind",
        )
    refuse_unknown_kind(kind, KINDS, said=f"{said} is for {kind!r}", settings=settings)


def refuse_unknown_kind(pattern: str, kinds: Iterable[str], *, said: str, settings: Path) -> None:
    """Raise for a pattern that matches none of the kinds.

    :param said: the beginning of the message: which setting names it.
    :raises ConfigError: no kind matches.
    """
    known = tuple(kinds)
    if not any(fnmatchcase(kind, pattern) for kind in known):
        near = get_close_matches(pattern, known, n=1)
        raise ConfigError(
            f"{said}, which is not a kind",
            where=str(settings),
            todo=(f"did you mean {near[0]!r}? " if near else "")
            + "docs/reference/catalog.md lists the kinds",
        )


def matches(pattern: str, key: Key) -> bool:
    """Return whether a pattern of the form `kind:name` matches the object."""
    kind, _, name = pattern.partition(":")
    return fnmatchcase(key.kind, kind) and fnmatchcase(key.identity, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusions:
    """A history with its declared exceptions, and the revisions and changes that a proof leaves out."""

    chain: tuple[ChainRevision, ...]
    skipped: dict[str, str]
    """The revisions that are applied but not proved, and why."""
    patterns: IgnorePatterns

    @classmethod
    def of(cls, settings: Settings, chain: tuple[ChainRevision, ...]) -> Self:
        """Return the exclusions of the settings.

        :raises ConfigError: they name a revision that does not exist.
        """
        refuse_unknown(chain, dict(settings.skip), key="skip", settings=settings.file)
        return cls(
            chain=with_exceptions(chain, settings.exceptions, settings=settings.file),
            skipped=dict(settings.skip),
            patterns=IgnorePatterns.of(settings),
        )

    @property
    def ids(self) -> set[str]:
        """The ids of all revisions."""
        return {revision.revision_id for revision in self.chain}

    def notes(
        self, wanted: Collection[str], *, matched_patterns: Collection[str]
    ) -> Iterator[Finding]:
        """Yield a note for each skipped revision, and for each pattern that matched nothing.

        Patterns are reported only if all revisions were proved.
        """
        for revision in self.chain:
            if revision.revision_id in wanted and revision.revision_id in self.skipped:
                yield _skipped(revision, self.skipped[revision.revision_id])
        if len(wanted) == len(self.chain):
            yield from self.patterns.unmatched(matched_patterns)


def _skipped(revision: ChainRevision, why: str) -> Finding:
    """Return the note on a revision that was applied but not proved, as the settings say."""
    return Finding(
        id="skipped",
        message=f"{revision.revision_id}: not proved: {why}",
        severity=Severity.NOTE,
        location=Location(shown_path(revision.path)),
        revision=revision.revision_id,
        direction="upgrade",
    )
