"""What the server says was touched since an earlier reading, as a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    small: str
    """Stands for what there is in the small catalogs."""
    is_beyond: bool
    """Whether something of initdb or of an extension was touched."""
    is_small: bool
    """Whether something in a small catalog was touched."""
    live: frozenset[str]
    """What there is: `catalog:oid`, comments and parents with more behind a colon."""

    @classmethod
    def of(cls, row: Sequence[str | bool | None]) -> Touched:
        """The columns that `queries.touched` selects."""
        since, next_, surroundings, small, is_beyond, is_small, live = row
        return cls(
            since=None if since is None else str(since),
            next=str(next_),
            surroundings=str(surroundings),
            small=str(small),
            is_beyond=bool(is_beyond),
            is_small=bool(is_small),
            live=frozenset(str(live or "").split(",")),
        )


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
    """What is no longer there."""
    words = [word.split(":") for word in before.live - after.live if word]
    return Gone(
        objects=frozenset((word[0], int(word[1]), 0) for word in words if len(word) == 2),
        said=frozenset(int(word[1]) for word in words if len(word) > 2 and word[0] in LIVE),
        is_small=any(word[0] not in LIVE for word in words),
    )
