"""What a scratch database's tables hold, read again only where something may have moved."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.engine import Connection

from alembic_proof.history.walk import Ground
from alembic_proof.proofs.roundtrip.touched import Touched
from alembic_proof.proofs.roundtrip.working import working
from alembic_proof.rows import Digests, Shapes, TableName, digest
from alembic_proof.rows.activity import Activity, read_activity

MOST_ROWS = 2_000
"""Up to how many rows of a table differences are named, and new ones are written."""


@dataclass(slots=True)
class Held:
    """The digests of the tables at the last reading."""

    is_thorough: bool = False
    """Whether every table is digested each time, whatever the server counts."""
    digests: Digests = field(default_factory=Digests)
    _activity: Activity | None = None
    """How much was written when the digests were read."""
    _unsure: frozenset[TableName] | None = None
    """The tables whose digests the catalog puts in doubt; None for all."""

    def doubt(self, where: Touched, shapes: Shapes) -> None:
        """Ensures that what the catalog's change may have touched is digested again."""
        if where.is_any or self._unsure is None:
            self._unsure = None
            return
        self._unsure |= where.tables | where.gone
        if where.is_function:
            self._unsure |= {
                table.name
                for table in shapes
                if any(column.is_generated for column in table.columns)
            }

    def forget_counts(self) -> None:
        """Ensures that every table is digested at the next reading, which another session makes.

        What the session before has not handed in is not in the counts that this one sees.
        """
        self._activity = None

    def read(self, ground: Ground, shapes: Shapes) -> Digests:
        """What the tables hold; only those in which something may have moved are read.

        The same value as before where nothing did.
        """
        activity = read_activity(ground.connection)
        stale = self._stale(activity, shapes)
        if stale is None or stale:
            fresh = _digest(ground.connection, shapes, stale, has_timeouts=activity.has_timeouts)
            self.digests = _merged(self.digests, fresh, stale, shapes)
        self._activity, self._unsure = activity, frozenset()
        return self.digests

    def _stale(self, activity: Activity, shapes: Shapes) -> frozenset[TableName] | None:
        """The tables whose digests may be wrong, None for all."""
        moved = None if self._activity is None else activity.since(self._activity)
        if moved is None or self._unsure is None or self.is_thorough:
            return None
        held = {table.table for table in self.digests.tables}
        return frozenset(
            name for name in moved | self._unsure if name in held or shapes.find(name) is not None
        )


def _digest(
    connection: Connection,
    shapes: Shapes,
    tables: frozenset[TableName] | None,
    *,
    has_timeouts: bool,
) -> Digests:
    """The digests of these tables, None for all; the shorter way where it is open."""
    is_hindered = has_timeouts or connection.in_transaction()
    if not is_hindered and not any(table.is_forced for table in shapes):
        driver: Any = connection.dialect.dbapi
        with suppress(driver.Error):
            return digest(connection, shapes, tables=tables, few_rows=MOST_ROWS, is_alone=True)
    with working(connection):
        return digest(connection, shapes, tables=tables, few_rows=MOST_ROWS)


def _merged(
    known: Digests, fresh: Digests, stale: frozenset[TableName] | None, shapes: Shapes
) -> Digests:
    """What is known, with the fresh digests in the place of the stale ones."""
    if stale is None:
        return fresh
    there = {table.name for table in shapes}
    again = {table.name for name in stale if (table := shapes.find(name)) is not None}
    kept = there - again
    tables = {table.table: table for table in known.tables if table.table in kept}
    tables |= {table.table: table for table in fresh.tables}
    unread = tuple((name, why) for name, why in known.unread if name in kept)
    return Digests(tuple(tables[name] for name in sorted(tables)), (*unread, *fresh.unread))
