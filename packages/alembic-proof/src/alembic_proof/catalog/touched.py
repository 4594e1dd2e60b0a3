"""What the server says was touched since an earlier reading, as a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from alembic_proof.catalog.queries.touched import LIVE
from alembic_proof.catalog.rows import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """The answer of `queries.touched`."""

    since: str | None
    """The transaction number of the earlier reading, None where the session has none."""
    next: str
    """The transaction number that the session keeps for the next reading."""
    surroundings: str
    """Stands for what any description may hold though no dependency says so."""
    small_there: str | None
    """Stands for what there is in the small catalogs, None where they have not moved."""
    small: str
    """Stands for what shows no transaction number."""
    is_beyond: bool
    """Whether something of initdb or of an extension was touched."""
    is_small: bool
    """Whether something in a small catalog was touched."""
    live: Mapping[str, frozenset[str]]
    """What there is, by catalog: `catalog:oid`, comments and parents with more behind a colon.

    A catalog that has not moved is missing.
    """

    @classmethod
    def of(cls, row: Sequence[str | bool | None]) -> Touched:
        """The columns that `queries.touched` selects."""
        since, next_, surroundings, small_there, small, is_beyond, is_small, live = row
        return cls(
            since=None if since is None else str(since),
            next=str(next_),
            surroundings=str(surroundings),
            small_there=None if small_there is None else str(small_there),
            small=str(small),
            is_beyond=bool(is_beyond),
            is_small=bool(is_small),
            live=dict(map(_words, filter(None, str(live or "").split(";")))),
        )

    @property
    def stamps(self) -> tuple[str | None, str]:
        """Otherwise where something went from the small catalogs or shows no number."""
        return self.small_there, self.small

    def over(self, before: Touched) -> Touched:
        """The answer, and what the one before says of the catalogs that have not moved."""
        there = before.small_there if self.small_there is None else self.small_there
        return replace(self, small_there=there, live={**before.live, **self.live})


def _words(said: str) -> tuple[str, frozenset[str]]:
    """A catalog and what there is in it."""
    name, _, words = said.partition("=")
    return name, frozenset(words.split(","))


@dataclass(frozen=True, slots=True)
class Gone:
    """What an earlier answer names among what there is and a later one does not."""

    objects: frozenset[Address]
    """In the catalogs that are followed row by row."""
    said: frozenset[int]
    """The OIDs of objects in them of which something is no longer said."""
    is_small: bool
    """Whether something is no longer said of an object in a small catalog."""


def gone(before: Touched, after: Touched) -> Gone:
    """What is no longer there; a catalog that is the same value in both is not looked at."""
    words = [
        word.split(":")
        for name, there in after.live.items()
        if there is not (earlier := before.live[name])
        for word in earlier - there
        if word
    ]
    return Gone(
        objects=frozenset((word[0], int(word[1]), 0) for word in words if len(word) == 2),
        said=frozenset(int(word[1]) for word in words if len(word) > 2 and word[0] in LIVE),
        is_small=any(word[0] not in LIVE for word in words),
    )
