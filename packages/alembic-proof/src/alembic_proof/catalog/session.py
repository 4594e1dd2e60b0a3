"""What a reader asks of a session, and what the session notes between two readings."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from alembic_proof.catalog.prepared import Prepared
from alembic_proof.catalog.queries import small_statement, statement
from alembic_proof.catalog.queries.moved import array
from alembic_proof.catalog.queries.small import small_touched_statement
from alembic_proof.catalog.queries.told import told_routine
from alembic_proof.catalog.queries.touched import touched_routine
from alembic_proof.catalog.touched import Touched


class Session:
    """The session of a connection; each question is one round trip."""

    def __init__(self, connection: sa.Connection, *, major: int) -> None:
        self.major = major
        self._prepared = Prepared(connection)
        self._told = told_routine(major=major)
        self._touched = touched_routine(major=major)

    def begin(self) -> None:
        """Ensures that the session has the functions."""
        for routine in (self._told, self._touched):
            self._prepared.make(routine.sql)

    def touched(self, before: Touched | None) -> Touched:
        """What was touched since that answer; where the session's last one was another, stamps."""
        known = "NULL" if before is None else f"'{before.next}'"
        answer = Touched.of(self._prepared.row_once(f"SELECT * FROM {self._touched.call(known)}"))
        return answer if before is None else answer.over(before)

    def small_touched(self) -> tuple[bool, str]:
        """Whether a small catalog was written before that, and a stamp of what is in them."""
        is_written, stamp = self._prepared.row(small_touched_statement())
        return bool(is_written), str(stamp)

    def all(self) -> str:
        """Everything, as JSON text."""
        return self._text(statement(major=self.major))

    def told(self, catalogs: Iterable[str], *, oids: Iterable[int]) -> str:
        """The objects with these OIDs in these catalogs, as JSON text."""
        numbers = f"ARRAY[{', '.join(map(str, sorted(oids)))}]::oid[]"
        call = self._told.call(array(sorted(catalogs)), numbers)
        return str(self._prepared.row_once(f"SELECT {call}")[0])

    def small(self) -> str:
        """The small catalogs, as JSON text."""
        return self._text(small_statement(major=self.major))

    def _text(self, sql: str) -> str:
        return str(self._prepared.row(sql)[0])
