"""The prepared statements of one session, and what it notes between two readings."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any

import sqlalchemy as sa

from alembic_proof.catalog.queries import narrow_statement, small_statement, statement
from alembic_proof.catalog.queries.noted import COUNTS, GIVEN
from alembic_proof.catalog.queries.small import small_touched_statement
from alembic_proof.catalog.queries.touched import touched_statement
from alembic_proof.catalog.touched import Touched

_PREPARED = "alembic_proof_prepared"
_ROUND = "alembic_proof_round"


class Session:
    """What a reader asks of the session of a connection; each question is one round trip."""

    def __init__(self, connection: sa.Connection, *, major: int) -> None:
        self.major = major
        self._driver: Any = connection.connection.dbapi_connection
        self._round: int = connection.info.setdefault(_ROUND, 0)
        self._prepared: dict[str, str] = connection.info.setdefault(_PREPARED, {})
        _keep_prepared(self._driver)

    @staticmethod
    def forget(connection: sa.Connection) -> None:
        """Ensures that everything is prepared again, under names that no driver remembers."""
        connection.info[_ROUND] = connection.info.get(_ROUND, 0) + 1
        connection.info.pop(_PREPARED, None)

    def touched(self, before: Touched | None) -> Touched:
        """What was touched since that answer; where the session's last one was another, stamps."""
        if before is not None:
            answer = self._touched()
            if answer.since == before.next:
                return answer.over(before)
        self._row_of(f"SELECT set_config('{COUNTS}', '', false)")
        return self._touched()

    def _touched(self) -> Touched:
        return Touched.of(tuple(self._row(touched_statement())))

    def small_touched(self) -> tuple[bool, str]:
        """Whether a small catalog was written before that, and a stamp of what is in them."""
        is_written, stamp = self._row(small_touched_statement())
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
            self._row_of(f"SELECT set_config('{GIVEN}', '{{{array}}}', false)")
        return self._text(narrow_statement(catalogs, major=self.major))

    def small(self) -> str:
        """The small catalogs, as JSON text."""
        return self._text(small_statement(major=self.major))

    def _text(self, sql: str) -> str:
        return str(self._row(sql)[0])

    def _row(self, sql: str) -> Sequence[Any]:
        """The one row of the statement, which is prepared where it is not yet."""
        name = self._prepared.get(sql)
        if name is None:
            name = f"alembic_proof_{self._round}_{len(self._prepared)}"
            with closing(self._driver.cursor()) as cursor:
                cursor.execute(f"PREPARE {name} AS {sql}")
            self._prepared[sql] = name
        return self._row_of(f"EXECUTE {name}")

    def _row_of(self, sql: str) -> Sequence[Any]:
        """The one row; asked of the driver itself, whose answer nobody has to translate."""
        with closing(self._driver.cursor()) as cursor:
            cursor.execute(sql)
            row: Sequence[Any] = cursor.fetchone()
        return row


def _keep_prepared(driver: Any) -> None:
    """Ensures that the driver leaves what is prepared here alone.

    psycopg sends DEALLOCATE ALL after a DROP once it has prepared something by itself.
    Source: psycopg's manual, "Prepared statements".
    """
    if getattr(driver, "prepare_threshold", None) is not None:
        driver.prepare_threshold = None
