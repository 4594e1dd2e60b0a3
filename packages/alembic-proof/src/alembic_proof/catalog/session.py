"""What a reader asks of a session, and what the session notes between two readings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from alembic_proof.catalog.prepared import ENDED, Prepared, sqlstate, without_jit
from alembic_proof.catalog.queries import small_statement, statement
from alembic_proof.catalog.queries.dependents import dependents_routine
from alembic_proof.catalog.queries.moved import array
from alembic_proof.catalog.queries.small import small_touched_statement
from alembic_proof.catalog.queries.told import told_routine
from alembic_proof.catalog.queries.touched import touched_routine
from alembic_proof.catalog.queries.watched import watched_routine
from alembic_proof.catalog.rows import Address
from alembic_proof.catalog.touched import Telling, Touched

_DENIED = "42501"
_IS_NOTICED = """SELECT EXISTS (SELECT FROM pg_catalog.pg_event_trigger
    WHERE evtenabled <> 'D' AND evtevent LIKE 'ddl%'
        AND (evttags IS NULL OR 'CREATE FUNCTION' = ANY (evttags)))
    OR EXISTS (SELECT FROM pg_catalog.pg_default_acl AS d
        CROSS JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) AS x
        WHERE d.defaclobjtype = 'f' AND d.defaclnamespace = 0
            AND d.defaclrole = (SELECT r.oid FROM pg_catalog.pg_roles AS r
                WHERE r.rolname = current_user)
            AND x.grantee NOT IN (0, d.defaclrole))"""
"""Whether functions that are made are noticed: an event trigger is told, and may refuse them; a role
gets privileges by default, and cannot be dropped while they are there.

Source: event-triggers, "Overview of Event Trigger Behavior"; sql-alterdefaultprivileges.
"""


class UnfollowableError(Exception):
    """The session cannot be asked what was touched."""


class Session:
    """The session of a connection; each question is one round trip."""

    def __init__(self, connection: sa.Connection, *, major: int) -> None:
        self.major = major
        self._connection = connection
        self._prepared = Prepared(connection)
        self._told = told_routine(major=major)
        self._dependents = dependents_routine(major=major)
        self._touched = touched_routine(major=major)
        self._watched = watched_routine()
        self._routines = (self._told, self._dependents, self._touched, self._watched)

    def begin(self) -> None:
        """Ensures that the session has the functions.

        Raises:
            UnfollowableError: they cannot be made, or somebody would notice.
        """
        missing = [one for one in self._routines if not self._prepared.has_made(one)]
        try:
            if missing and self._prepared.row_once(_IS_NOTICED)[0]:
                raise UnfollowableError
            for routine in missing:
                self._prepared.make(routine)
        except Exception as error:
            if sqlstate(error) and sqlstate(error) not in ENDED:
                raise UnfollowableError from error
            raise

    def touched(self, before: Touched | None) -> Touched:
        """What was touched since that answer; where the session's last one was another, stamps.

        Raises:
            UnfollowableError: the session's role, another one now, may not call the functions.
        """
        known = "NULL" if before is None else f"'{before.next}'"
        try:
            row = self._row(self._touched.call(known))
        except Exception as error:
            if sqlstate(error) == _DENIED:
                raise UnfollowableError from error
            raise
        answer = Touched.of(row)
        return answer if before is None else answer.over(before)

    def small_touched(self) -> tuple[bool, str]:
        """Whether a small catalog was written before that, and a stamp of what is in them."""
        is_written, stamp = self._prepared.row(small_touched_statement())
        return bool(is_written), str(stamp)

    def all(self) -> str:
        """Everything, as JSON text."""
        return self._text(statement(major=self.major))

    def dependents(self, objects: Iterable[Address]) -> Telling:
        """What depends on these objects, directly or not."""
        pairs = sorted((catalog, oid) for catalog, oid, _ in objects)
        call = self._dependents.call(
            array(catalog for catalog, _ in pairs), _oids(oid for _, oid in pairs)
        )
        return Telling.of(*self._row(call))

    def is_watched(self, relations: Iterable[Address]) -> bool:
        """Whether anything can show that these relations have got or lost columns."""
        oids = _oids(sorted(oid for _, oid, _ in relations))
        return bool(self._row(self._watched.call(oids))[0])

    def told(self, catalogs: Iterable[str], *, oids: Iterable[int]) -> str:
        """The objects with these OIDs in these catalogs, as JSON text."""
        call = self._told.call(array(sorted(catalogs)), _oids(sorted(oids)))
        return str(self._row(call)[0])

    def small(self) -> str:
        """The small catalogs, as JSON text."""
        return self._text(small_statement(major=self.major))

    def _row(self, call: str) -> tuple[Any, ...]:
        return tuple(self._prepared.row_once(f"SELECT * FROM {call}"))

    def _text(self, sql: str) -> str:
        with without_jit(self._connection):
            return str(self._prepared.row(sql)[0])


def _oids(numbers: Iterable[int]) -> str:
    return f"'{{{','.join(map(str, numbers))}}}'::oid[]"
