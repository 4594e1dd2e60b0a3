"""A reading that follows its database: what was touched is told again, the rest is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from alembic_proof.catalog.faces import Face, differs_in_columns, faces, reshaped
from alembic_proof.catalog.lost import Lost, lost
from alembic_proof.catalog.patch import Kept
from alembic_proof.catalog.queries.live import LIVE
from alembic_proof.catalog.rows import Address
from alembic_proof.catalog.session import Session
from alembic_proof.catalog.touched import Telling, Touched


@dataclass(slots=True)
class Followed:
    """What is kept of the last reading, and what the session answered then."""

    kept: Kept
    answer: Touched
    stamp: str
    """Stands for what is in the small catalogs."""

    @classmethod
    def begin(
        cls,
        session: Session,
        answer: Touched,
        *,
        version_table: str,
        version_schema: str | None,
    ) -> Followed:
        """A reading of everything."""
        _, stamp = session.small_touched()
        kept = Kept.of(
            session.all(),
            major=session.major,
            version_table=version_table,
            version_schema=version_schema,
        )
        return cls(kept, answer, stamp)

    def follow(self, session: Session, answer: Touched) -> bool:
        """Whether it could be made to say what the database is now; it is of no use otherwise."""
        if not self._can_follow(session, answer):
            return False
        gone = lost(self.kept.names.reading, answer.live)
        if gone.is_beyond:
            return False
        self.kept.drop(gone.objects)
        told = self._tell(session, answer.telling, gone)
        if told is None:
            return False
        is_small = any(catalog not in LIVE for catalog, *_ in (*told, *gone.others))
        if is_small or answer.stamps["database"] != self.answer.stamps["database"]:
            self.kept.renew_small(session.small())
        self.answer = answer
        return True

    def _can_follow(self, session: Session, answer: Touched) -> bool:
        """Whether all that is otherwise can be told object by object."""
        if not answer.follows(self.answer) or not self._can_tell(answer.telling):
            return False
        return not answer.is_small or session.small_touched() == (False, self.stamp)

    def _can_tell(self, telling: Telling) -> bool:
        """Whether neither initdb nor an extension made any of it."""
        return telling.is_users and self.kept.names.reading.members.isdisjoint(telling.told)

    def _tell(self, session: Session, telling: Telling, gone: Lost) -> frozenset[Address] | None:
        """Renew what is said of what was touched, and of what may name it.

        Returns what that is, None where it cannot be told object by object.
        """
        reading = self.kept.names.reading
        written = telling.followed
        others = frozenset(one for one in gone.others if one[0] in LIVE) - written
        before = faces(reading, written | others)
        self._renew(written, text=telling.said)
        if others:
            text = session.told({catalog for catalog, *_ in others}, oids=_oids(others))
            self._renew(others, text=text)
        told = telling.told | others
        otherwise = reshaped(reading, before, written=written | others)
        if otherwise and self._is_shown(session, otherwise, before):
            depending = session.dependents(otherwise)
            if not self._can_tell(depending):
                return None
            self._renew(depending.followed, text=depending.said)
            told |= depending.told
        return told

    def _is_shown(
        self, session: Session, otherwise: frozenset[Address], before: dict[Address, Face]
    ) -> bool:
        """Whether others show what is otherwise; of columns that came or went, few do."""
        now = faces(self.kept.names.reading, otherwise)
        is_wider = all(
            one[0] == "pg_class" and differs_in_columns(before.get(one), now.get(one))
            for one in otherwise
        )
        return not is_wider or session.is_watched(otherwise)

    def _renew(self, objects: frozenset[Address], *, text: str) -> None:
        if objects:
            catalogs = frozenset(catalog for catalog, *_ in objects)
            self.kept.renew(_oids(objects), catalogs=catalogs, text=text)


def _oids(objects: Iterable[Address]) -> frozenset[int]:
    return frozenset(oid for _, oid, _ in objects)
