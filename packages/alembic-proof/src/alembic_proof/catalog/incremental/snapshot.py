"""Update the last reading of a catalog with the objects that changed since then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from alembic_proof.catalog.incremental.cache import CatalogCache, RemovedObjects, find_removed
from alembic_proof.catalog.incremental.changed_rows import ROW_TRACKED_CATALOGS
from alembic_proof.catalog.incremental.reader_queries import (
    ChangedObjects,
    ChangeReport,
    ReaderQueries,
)
from alembic_proof.catalog.parse import Address, CatalogRow, RawCatalog


@dataclass(slots=True)
class IncrementalSnapshot:
    """The last reading, and the server's report of that time."""

    cache: CatalogCache
    report: ChangeReport
    small_stamp: str
    """The stamp of the small catalogs."""

    @classmethod
    def read_all(
        cls,
        queries: ReaderQueries,
        report: ChangeReport,
        *,
        version_table: str,
        version_schema: str | None,
    ) -> IncrementalSnapshot:
        """Return a new snapshot, for which everything is read."""
        _, small_stamp = queries.small_catalogs_state()
        cache = CatalogCache.of(
            queries.all_rows(),
            major=queries.major,
            version_table=version_table,
            version_schema=version_schema,
        )
        return cls(cache, report, small_stamp)

    def update(self, queries: ReaderQueries, report: ChangeReport) -> bool:
        """Read what changed according to the report.

        Returns False if the report does not suffice; then the snapshot must not be used any more.
        """
        if not self._is_trackable(queries, report):
            return False
        removed = find_removed(self.cache.raw, report.remaining)
        if removed.needs_full_read:
            return False
        self.cache.remove(removed.objects)
        changed = self._read_changed(queries, report.changed, removed)
        if changed is None:
            return False
        has_small_changes = any(
            catalog not in ROW_TRACKED_CATALOGS for catalog, *_ in (*changed, *removed.changed)
        )
        if has_small_changes or report.stamps["database"] != self.report.stamps["database"]:
            self.cache.replace_small_catalogs(queries.small_catalog_rows())
        self.report = report
        return True

    def _is_trackable(self, queries: ReaderQueries, report: ChangeReport) -> bool:
        """Return whether all changes are changes of single objects."""
        if not report.is_successor_of(self.report) or not self._are_trackable(report.changed):
            return False
        if not report.has_small_changes:
            return True
        return queries.small_catalogs_state() == (False, self.small_stamp)

    def _are_trackable(self, changed: ChangedObjects) -> bool:
        """Return whether neither initdb nor an extension made any of the objects."""
        members = self.cache.raw.extension_members
        return changed.are_user_made and members.isdisjoint(changed.addresses)

    def _read_changed(
        self, queries: ReaderQueries, changed: ChangedObjects, removed: RemovedObjects
    ) -> frozenset[Address] | None:
        """Replace the changed objects, and those whose definitions show the changed ones.

        Returns the addresses of all of them; None if they cannot be read one by one.
        """
        written = changed.tracked
        others = frozenset(_tracked(removed.changed)) - written
        before = signatures(self.cache.raw, written | others)
        self._replace(written, text=changed.rows_json)
        if others:
            catalogs = {catalog for catalog, *_ in others}
            self._replace(others, text=queries.object_rows(catalogs, oids=_oids(others)))
        addresses = changed.addresses | others
        visible = with_new_signature(self.cache.raw, before, written=written | others)
        if visible and self._has_dependents(queries, visible, before):
            dependents = queries.dependents(visible)
            if not self._are_trackable(dependents):
                return None
            self._replace(dependents.tracked, text=dependents.rows_json)
            addresses |= dependents.addresses
        return addresses

    def _has_dependents(
        self,
        queries: ReaderQueries,
        changed: frozenset[Address],
        before: dict[Address, Signature],
    ) -> bool:
        """Return False if nothing shows the change: columns came or went, and no query sees them."""
        now = signatures(self.cache.raw, changed)
        is_only_columns = all(
            one[0] == "pg_class" and differs_in_columns_only(before.get(one), now.get(one))
            for one in changed
        )
        return not is_only_columns or queries.has_column_dependents(changed)

    def _replace(self, objects: frozenset[Address], *, text: str) -> None:
        if objects:
            catalogs = frozenset(catalog for catalog, *_ in objects)
            self.cache.replace(_oids(objects), catalogs=catalogs, text=text)


def _oids(objects: Iterable[Address]) -> frozenset[int]:
    return frozenset(oid for _, oid, _ in objects)


def _tracked(addresses: Iterable[Address]) -> Iterator[Address]:
    return (one for one in addresses if one[0] in ROW_TRACKED_CATALOGS)


Signature = frozenset[tuple[object, ...]]
"""The parts of an object that PostgreSQL renders in definitions of other objects.

One member for the object itself, with the number 0, and one for each of its columns. A definition
names relations, columns, types and functions, and depends on the types and collations of columns:
with more columns in FROM, a query has to qualify their names. A constraint's definition depends on
the parent that it is inherited from.
"""
_VISIBLE_COLUMN_FACTS = ("type", "collation")


def signatures(raw: RawCatalog, addresses: Iterable[Address]) -> dict[Address, Signature]:
    """Return the signatures of those of the objects that the reading has."""
    found = ((address, frozenset(_visible_parts(raw, address))) for address in addresses)
    return {address: signature for address, signature in found if signature}


def with_new_signature(
    raw: RawCatalog, before: dict[Address, Signature], *, written: Iterable[Address]
) -> frozenset[Address]:
    """Return the written objects whose signature changed, and functions without one.

    A range's constructor functions have no row of their own; they change with the range.
    """
    now = signatures(raw, written)
    constructors = (one for one in written if one[0] == "pg_proc" and one not in now)
    changed = (address for address, signature in before.items() if now.get(address) != signature)
    return frozenset((*changed, *constructors))


def differs_in_columns_only(before: Signature | None, now: Signature | None) -> bool:
    """Return whether columns were added or dropped, and nothing else of the signature changed."""
    if before is None or now is None:
        return False
    different = before ^ now
    numbers = {part[0] for part in different}
    is_one_each = len(numbers) == len(different)
    return is_one_each and all(isinstance(number, int) and number > 0 for number in numbers)


def _visible_parts(raw: RawCatalog, address: Address) -> Iterator[tuple[object, ...]]:
    catalog, oid, _ = address
    if catalog == "pg_class" and (parents := raw.parents.get(oid)):
        yield tuple(parents)
    for one in raw.addresses_by_oid.get(oid, ()):
        if one[0] == catalog and (row := raw.rows.get(one)) is not None:
            yield (one[2], row.kind, row.name, row.links, *_visible_facts(row))


def _visible_facts(row: CatalogRow) -> Iterator[object]:
    catalog, _, sub = row.address
    if catalog == "pg_type":
        yield from sorted(row.facts.items())
    elif sub:
        yield from (row.facts.get(name) for name in _VISIBLE_COLUMN_FACTS)
