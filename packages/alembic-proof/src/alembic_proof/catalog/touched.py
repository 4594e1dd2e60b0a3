"""What the server says was touched since an earlier reading, as a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from alembic_proof.catalog.queries.frame import FIRST_USER_OID
from alembic_proof.catalog.rows import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """The answer of `queries.touched`."""

    since: str | None
    """The transaction number of the earlier reading, None where the session has none."""
    next: str
    """The transaction number that the session keeps for the next reading."""
    settings: str
    """What a description's text depends on beside the catalog."""
    named: str | None
    """Stands for names that any description may hold, None where they have not moved."""
    database: str | None
    """Stands for what is said of the database itself, None where it has not moved."""
    is_small: bool
    """Whether a small catalog has moved."""
    told: frozenset[Address]
    """What is to be told; of OTHER catalogs it is not said which."""
    live: Mapping[str, frozenset[str]]
    """What there is in the catalogs that have lost rows: OIDs, or numbers with colons."""

    lasting: str
    """The values of `queries.lasting`."""
    has_temporary: bool
    """Whether the session has anything of others in its temporary schema."""
    said: str
    """What there is to say of what is told, as JSON text."""

    @classmethod
    def of(cls, row: Sequence[object]) -> Touched:
        """The columns that `queries.touched` selects."""
        since, next_, settings, named, database, is_small, told, live, *session = row
        return cls(
            since=_text(since),
            next=str(next_),
            settings=str(settings),
            named=_text(named),
            database=_text(database),
            is_small=bool(is_small),
            told=frozenset(
                (catalog, int(oid), 0)
                for catalog, oids in _words(_text(told)).items()
                for oid in oids
            ),
            live=_words(_text(live)),
            lasting=str(session[0]),
            has_temporary=bool(session[1]),
            said=str(session[2] or "[]"),
        )

    def over(self, before: Touched) -> Touched:
        """The answer, and what the one before says of what has not moved."""
        return replace(
            self,
            named=before.named if self.named is None else self.named,
            database=before.database if self.database is None else self.database,
        )

    def follows(self, before: Touched) -> bool:
        """Whether everything that is otherwise can be told object by object."""
        return (
            self.since == before.next
            and self.settings == before.settings
            and self.named == before.named
            and all(oid >= FIRST_USER_OID for _, oid, _ in self.told)
        )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _words(said: str | None) -> dict[str, frozenset[str]]:
    """By catalog the words behind its name."""
    parts = (part.partition("=") for part in (said or "").split(";") if part)
    return {name: frozenset(words.split(",")) - {""} for name, _, words in parts}
