"""A reading that follows its database: what was touched is told again, the rest is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from alembic_proof.catalog.lost import Lost, lost, replicas
from alembic_proof.catalog.patch import Kept
from alembic_proof.catalog.queries.live import LIVE
from alembic_proof.catalog.rows import Address
from alembic_proof.catalog.session import Session
from alembic_proof.catalog.touched import Touched


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
        self._tell(session, answer, gone)
        is_small = any(catalog not in LIVE for catalog, *_ in (*answer.told, *gone.others))
        if is_small or answer.database != self.answer.database:
            self.kept.renew_small(session.small())
        self.answer = answer
        return True

    def _can_follow(self, session: Session, answer: Touched) -> bool:
        """Whether all that is otherwise can be told object by object."""
        members = self.kept.names.reading.members
        if not answer.follows(self.answer) or not members.isdisjoint(answer.told):
            return False
        return not answer.is_small or session.small_touched() == (False, self.stamp)

    def _tell(self, session: Session, answer: Touched, gone: Lost) -> None:
        """Let the server tell of what was touched, and of what something is no longer said of."""
        noted = frozenset(one for one in answer.told if one[0] in LIVE)
        more = {*gone.others, *replicas(self.kept.names.reading, noted)}
        self._renew(noted, text=answer.said)
        if others := frozenset(one for one in more if one[0] in LIVE) - noted:
            text = session.told({catalog for catalog, *_ in others}, oids=_oids(others))
            self._renew(others, text=text)

    def _renew(self, objects: frozenset[Address], *, text: str) -> None:
        if objects:
            catalogs = frozenset(catalog for catalog, *_ in objects)
            self.kept.renew(_oids(objects), catalogs=catalogs, text=text)


def _oids(objects: Iterable[Address]) -> frozenset[int]:
    return frozenset(oid for _, oid, _ in objects)
