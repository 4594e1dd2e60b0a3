"""What a reader asks of a session, and what the session notes between two readings."""

from __future__ import annotations

import sqlalchemy as sa

from alembic_proof.catalog.prepared import Prepared
from alembic_proof.catalog.queries import narrow_statement, small_statement, statement
from alembic_proof.catalog.queries.noted import COUNTS, GIVEN
from alembic_proof.catalog.queries.small import small_touched_statement
from alembic_proof.catalog.queries.touched import touched_statement
from alembic_proof.catalog.touched import Touched


class Session:
    """The session of a connection; each question is one round trip."""

    def __init__(self, connection: sa.Connection, *, major: int) -> None:
        self.major = major
        self._prepared = Prepared(connection)

    def touched(self, before: Touched | None) -> Touched:
        """What was touched since that answer; where the session's last one was another, stamps."""
        if before is not None:
            answer = self._touched()
            if answer.since == before.next:
                return answer.over(before)
        self._prepared.row_once(f"SELECT set_config('{COUNTS}', '', false)")
        return self._touched()

    def _touched(self) -> Touched:
        return Touched.of(tuple(self._prepared.row(touched_statement())))

    def small_touched(self) -> tuple[bool, str]:
        """Whether a small catalog was written before that, and a stamp of what is in them."""
        is_written, stamp = self._prepared.row(small_touched_statement())
        return bool(is_written), str(stamp)

    def all(self) -> str:
        """Everything, as JSON text."""
        return self._text(statement(major=self.major))

    def told(self, catalogs: frozenset[str], *, oids: frozenset[int] | None) -> str:
        """The objects with these OIDs in these catalogs, as JSON text.

        Without OIDs those that the last answer noted.
        """
        if oids is not None:
            array = ",".join(map(str, sorted(oids)))
            self._prepared.row_once(f"SELECT set_config('{GIVEN}', '{{{array}}}', false)")
        return self._text(narrow_statement(catalogs, major=self.major))

    def small(self) -> str:
        """The small catalogs, as JSON text."""
        return self._text(small_statement(major=self.major))

    def _text(self, sql: str) -> str:
        return str(self._prepared.row(sql)[0])
