"""What the server says was touched since an earlier reading, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from alembic_proof.catalog.queries.frame import FIRST_USER_OID
from alembic_proof.catalog.queries.live import LIVE
from alembic_proof.catalog.queries.surroundings import STAMPS
from alembic_proof.catalog.rows import Address


@dataclass(frozen=True, slots=True)
class Telling:
    """The answer of `queries.telling`."""

    told: frozenset[Address]
    """The objects; of OTHER catalogs not all."""
    said: str
    """What there is to say of those that are followed row by row, as JSON text."""

    @classmethod
    def of(cls, told: object, said: object) -> Telling:
        """The columns that `queries.telling` names."""
        words = _words(_text(told)).items()
        return cls(
            frozenset((catalog, int(oid), 0) for catalog, oids in words for oid in oids),
            str(said or "[]"),
        )

    @property
    def followed(self) -> frozenset[Address]:
        """The objects that something may be said of."""
        return frozenset(one for one in self.told if one[0] in LIVE)

    @property
    def is_users(self) -> bool:
        """Whether initdb made none of them."""
        return all(oid >= FIRST_USER_OID for _, oid, _ in self.told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """The answer of `queries.touched`."""

    since: str | None
    """The transaction number of the earlier reading, None where the session has none."""
    next: str
    """The transaction number that the session keeps for the next reading."""
    settings: str
    """What a description depends on beside the catalog: whose session it is."""
    is_small: bool
    """Whether a small catalog has moved."""
    live: Mapping[str, frozenset[str]]
    """What there is in the catalogs that have lost rows: OIDs, or numbers with colons."""
    lasting: str
    """The values of `queries.lasting`."""
    has_temporary: bool | None
    """Whether others have anything in the session's temporary schema, None where none moved."""
    stamps: Mapping[str, str | None]
    """By name, None where it has not moved (`queries.surroundings`)."""
    telling: Telling
    """What was written."""

    @classmethod
    def of(cls, row: tuple[object, ...]) -> Touched:
        """The columns that `queries.touched` names."""
        since, next_, settings, is_small, live, lasting, has_temporary, *stamps = row
        *stamps, told, said = stamps
        return cls(
            since=_text(since),
            next=str(next_),
            settings=str(settings),
            is_small=bool(is_small),
            live=_words(_text(live)),
            lasting=str(lasting),
            has_temporary=None if has_temporary is None else bool(has_temporary),
            stamps=dict(zip(STAMPS, map(_text, stamps), strict=True)),
            telling=Telling.of(told, said),
        )

    def over(self, before: Touched) -> Touched:
        """The answer, and what the one before says of what has not moved."""
        stamps = {name: stamp or before.stamps[name] for name, stamp in self.stamps.items()}
        has_temporary = self.has_temporary
        if has_temporary is None:
            has_temporary = before.has_temporary
        return replace(self, stamps=stamps, has_temporary=has_temporary)

    def follows(self, before: Touched) -> bool:
        """Whether everything that is otherwise can be told object by object."""
        here, there = (
            {name: stamp for name, stamp in one.stamps.items() if name != "database"}
            for one in (self, before)
        )
        is_same = self.since == before.next and self.settings == before.settings
        return is_same and here == there


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _words(said: str | None) -> dict[str, frozenset[str]]:
    """By catalog the words behind its name."""
    parts = (part.partition("=") for part in (said or "").split(";") if part)
    return {name: frozenset(words.split(",")) - {""} for name, _, words in parts}
