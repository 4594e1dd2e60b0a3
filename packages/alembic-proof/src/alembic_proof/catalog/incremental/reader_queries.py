"""The round trips of an incremental reading, and their answers as values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from alembic_deploy.server_message import sqlstate_of
from alembic_proof.catalog.incremental.changed_rows import (
    ROW_TRACKED_CATALOGS,
    small_catalogs_statement,
)
from alembic_proof.catalog.incremental.changes_function import STAMPS, changes_function
from alembic_proof.catalog.incremental.object_rows import (
    column_dependents_function,
    dependents_function,
    object_rows_function,
    small_catalog_rows_statement,
)
from alembic_proof.catalog.incremental.temp_function import oid_array
from alembic_proof.catalog.parse import Address
from alembic_proof.catalog.prepared import (
    SESSION_ENDED_SQLSTATES,
    PreparedStatements,
    without_jit,
)
from alembic_proof.catalog.queries.sql_fragments import FIRST_USER_OID
from alembic_proof.catalog.queries.statement import statement
from alembic_proof.sql import Sqlstate

_HAS_SIDE_EFFECTS = """SELECT EXISTS (SELECT FROM pg_catalog.pg_event_trigger
    WHERE evtenabled <> 'D' AND evtevent LIKE 'ddl%'
        AND (evttags IS NULL OR 'CREATE FUNCTION' = ANY (evttags)))
    OR EXISTS (SELECT FROM pg_catalog.pg_default_acl AS d
        CROSS JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) AS x
        WHERE d.defaclobjtype = 'f' AND d.defaclnamespace = 0
            AND d.defaclrole = (SELECT r.oid FROM pg_catalog.pg_roles AS r
                WHERE r.rolname = current_user)
            AND x.grantee NOT IN (0, d.defaclrole))"""
"""Whether creating a function has effects: an event trigger runs, and may refuse it; or a role gets
privileges by default, and cannot be dropped while the function exists.

Source: event-triggers, "Overview of Event Trigger Behavior"; sql-alterdefaultprivileges.
"""


class TrackingUnavailableError(Exception):
    """The session cannot report changes: the functions cannot be created or called."""


@dataclass(frozen=True, slots=True)
class ChangedObjects:
    """The objects that a function of `object_rows` reports."""

    addresses: frozenset[Address]
    """Complete for the row-tracked catalogs; at most one object for all others."""
    rows_json: str
    """The rows of the objects in row-tracked catalogs, as JSON."""

    @classmethod
    def of(cls, addresses: object, rows_json: object) -> ChangedObjects:
        """Return the value of the columns CHANGED_OBJECTS_RESULTS."""
        oids_by_catalog = _parse_words(_text(addresses)).items()
        return cls(
            frozenset((catalog, int(oid), 0) for catalog, oids in oids_by_catalog for oid in oids),
            str(rows_json or "[]"),
        )

    @property
    def tracked(self) -> frozenset[Address]:
        """The objects in row-tracked catalogs."""
        return frozenset(one for one in self.addresses if one[0] in ROW_TRACKED_CATALOGS)

    @property
    def are_user_made(self) -> bool:
        """Whether initdb made none of them."""
        return all(oid >= FIRST_USER_OID for _, oid, _ in self.addresses)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeReport:
    """The row of the changes function."""

    since: str | None
    """The xmin of the reading with which it compares; None if the session has none."""
    next: str
    """The xmin that the session keeps for the next reading."""
    session_identity: str
    has_small_changes: bool
    """Whether a small catalog may have changed."""
    remaining: Mapping[str, frozenset[str]]
    """All rows of the catalogs from which rows were deleted: OIDs, or numbers with colons."""
    session_settings: str
    """The value of SESSION_SETTINGS_SQL."""
    has_temporary_objects: bool | None
    """Whether the temporary schema has objects of others; None if no object changed."""
    stamps: Mapping[str, str | None]
    """The values of STAMPS; None for those whose catalogs did not change."""
    changed: ChangedObjects

    @classmethod
    def of(cls, row: tuple[object, ...]) -> ChangeReport:
        """Return the value of the function's row."""
        since, next_, identity, has_small_changes, remaining, settings, temporary, *rest = row
        *stamps, addresses, rows_json = rest
        return cls(
            since=_text(since),
            next=str(next_),
            session_identity=str(identity),
            has_small_changes=bool(has_small_changes),
            remaining=_parse_words(_text(remaining)),
            session_settings=str(settings),
            has_temporary_objects=None if temporary is None else bool(temporary),
            stamps=dict(zip(STAMPS, map(_text, stamps), strict=True)),
            changed=ChangedObjects.of(addresses, rows_json),
        )

    def completed_by(self, before: ChangeReport) -> ChangeReport:
        """Return the report with the earlier one's values of what did not change."""
        stamps = {name: stamp or before.stamps[name] for name, stamp in self.stamps.items()}
        has_temporary_objects = self.has_temporary_objects
        if has_temporary_objects is None:
            has_temporary_objects = before.has_temporary_objects
        return replace(self, stamps=stamps, has_temporary_objects=has_temporary_objects)

    def is_successor_of(self, before: ChangeReport) -> bool:
        """Return whether it compares with that report, in the same session and circumstances."""
        here, there = (
            {name: stamp for name, stamp in report.stamps.items() if name != "database"}
            for report in (self, before)
        )
        is_same_session = self.session_identity == before.session_identity
        return self.since == before.next and is_same_session and here == there


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _parse_words(text: str | None) -> dict[str, frozenset[str]]:
    """Parse `catalog=word,word;catalog=`."""
    parts = (part.partition("=") for part in (text or "").split(";") if part)
    return {name: frozenset(words.split(",")) - {""} for name, _, words in parts}


class ReaderQueries:
    """The queries of a CatalogReader on one connection; each is one round trip."""

    def __init__(self, connection: sa.Connection, *, major: int) -> None:
        self.major = major
        self._connection = connection
        self._prepared = PreparedStatements(connection)
        self._object_rows = object_rows_function(major=major)
        self._dependents = dependents_function(major=major)
        self._changes = changes_function(major=major)
        self._column_dependents = column_dependents_function()

    def create_functions(self) -> None:
        """Create the functions in the session, unless it has them.

        :raises TrackingUnavailableError: they cannot be created, or that would have side effects.
        """
        functions = (self._object_rows, self._dependents, self._changes, self._column_dependents)
        missing = [one for one in functions if not self._prepared.has_function(one.name)]
        try:
            if missing and self._prepared.fetch(_HAS_SIDE_EFFECTS)[0]:
                raise TrackingUnavailableError
            for function in missing:
                self._prepared.create_function(function.name, function.sql)
        except Exception as error:
            if sqlstate_of(error) and sqlstate_of(error) not in SESSION_ENDED_SQLSTATES:
                raise TrackingUnavailableError from error
            raise

    def changes_since(self, before: ChangeReport | None) -> ChangeReport:
        """Return what changed since that report.

        The report's `since` is another one if the session reported to another reader meanwhile.

        :raises TrackingUnavailableError: the session's role may not call the functions.
        """
        known = "NULL" if before is None else f"'{before.next}'"
        try:
            row = self._call(self._changes.call(known))
        except Exception as error:
            if sqlstate_of(error) == Sqlstate.INSUFFICIENT_PRIVILEGE:
                raise TrackingUnavailableError from error
            raise
        report = ChangeReport.of(row)
        return report if before is None else report.completed_by(before)

    def small_catalogs_state(self) -> tuple[bool, str]:
        """Return whether a small catalog changed before the last report, and their stamp."""
        has_changed, stamp = self._prepared.fetch_prepared(small_catalogs_statement())
        return bool(has_changed), str(stamp)

    def all_rows(self) -> str:
        """Return all rows as JSON."""
        return self._fetch_json(statement(major=self.major))

    def dependents(self, objects: Iterable[Address]) -> ChangedObjects:
        """Return the objects that depend on these, directly or indirectly."""
        pairs = sorted((catalog, oid) for catalog, oid, _ in objects)
        classes = oid_array(catalog for catalog, _ in pairs)
        return ChangedObjects.of(
            *self._call(self._dependents.call(classes, _oid_list(oid for _, oid in pairs)))
        )

    def has_column_dependents(self, relations: Iterable[Address]) -> bool:
        """Return whether added or dropped columns of these relations can show in other objects."""
        oids = _oid_list(sorted(oid for _, oid, _ in relations))
        return bool(self._call(self._column_dependents.call(oids))[0])

    def object_rows(self, catalogs: Iterable[str], *, oids: Iterable[int]) -> str:
        """Return the rows of the objects with these OIDs in these catalogs as JSON."""
        call = self._object_rows.call(oid_array(sorted(catalogs)), _oid_list(sorted(oids)))
        return str(self._call(call)[0])

    def small_catalog_rows(self) -> str:
        """Return the rows of the catalogs that are not row-tracked as JSON."""
        return self._fetch_json(small_catalog_rows_statement(major=self.major))

    def _call(self, call: str) -> tuple[Any, ...]:
        return tuple(self._prepared.fetch(f"SELECT * FROM {call}"))

    def _fetch_json(self, sql: str) -> str:
        with without_jit(self._connection):
            return str(self._prepared.fetch_prepared(sql)[0])


def _oid_list(numbers: Iterable[int]) -> str:
    return f"'{{{','.join(map(str, numbers))}}}'::oid[]"
