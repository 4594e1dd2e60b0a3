"""Keep the rows and objects of the last reading, and replace or remove some of them; no I/O."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter

from alembic_proof.catalog.incremental.changed_rows import ROW_TRACKED_CATALOGS
from alembic_proof.catalog.model import Catalog, CatalogObject
from alembic_proof.catalog.parse import (
    Address,
    ObjectBuilder,
    ObjectNames,
    RawCatalog,
    add_rows,
    parse_rows,
    without_gc,
)
from alembic_proof.catalog.queries.columns import NOT_NULL_COMMENT
from alembic_proof.catalog.queries.comments import COMMENTS
from alembic_proof.catalog.queries.sql_fragments import FIRST_USER_OID
from alembic_proof.catalog.queries.tables import REPLICA_INDEX

_KEY = attrgetter("key")


@dataclass(slots=True, kw_only=True)
class CatalogCache:
    """The rows of the last reading and the objects made of them."""

    major: int
    version_table: str
    version_schema: str | None
    names: ObjectNames
    objects_by_address: dict[Address, CatalogObject] = field(default_factory=dict)
    objects: list[CatalogObject] = field(default_factory=list)
    """The same objects, sorted by key."""

    @classmethod
    def of(
        cls, text: str, *, major: int, version_table: str, version_schema: str | None
    ) -> CatalogCache:
        """Return the cache of a full reading, whose JSON text is given."""
        with without_gc():
            cache = cls(
                major=major,
                version_table=version_table,
                version_schema=version_schema,
                names=ObjectNames(parse_rows(text)),
            )
            cache._build(tuple(cache.raw.rows))
            cache.objects = sorted(cache.objects_by_address.values(), key=_KEY)
        return cache

    @property
    def raw(self) -> RawCatalog:
        """The rows."""
        return self.names.raw

    def catalog(self) -> Catalog:
        """Return the catalog of the current objects."""
        return Catalog(tuple(self.objects), self.major)

    def remove(self, addresses: Iterable[Address]) -> None:
        """Remove the objects at these addresses and their columns."""
        known = self.raw.addresses_by_oid
        removed = {(catalog, oid) for catalog, oid, _ in addresses}
        self._replace(
            [one for _, oid in removed for one in known.get(oid, ()) if one[:2] in removed],
            text="[]",
        )

    def replace(self, oids: Iterable[int], *, catalogs: Collection[str], text: str) -> None:
        """Replace the objects with these OIDs in these catalogs by the rows in the JSON text."""
        known = self.raw.addresses_by_oid
        self._replace(
            [one for oid in oids for one in known.get(oid, ()) if one[0] in catalogs], text=text
        )

    def replace_small_catalogs(self, text: str) -> None:
        """Replace the objects of all catalogs that are not row-tracked."""
        known = (one for some in self.raw.addresses_by_oid.values() for one in some)
        kept = {*ROW_TRACKED_CATALOGS, "pg_init_privs"}
        self._replace([one for one in known if one[0] not in kept], text=text)

    def _replace(self, old: list[Address], *, text: str) -> None:
        changed = {*old, *self._relations_of_columns(old)}
        self.raw.remove(old)
        changed.update(add_rows(self.raw, text))
        changed.update(self._relations_of_columns(changed))
        before = {address: self.objects_by_address.pop(address, None) for address in changed}
        for address in changed:
            self.names.known.pop(address, None)
        self._build(changed)
        for address, previous in before.items():
            self._sort_in(address, previous)

    def _relations_of_columns(self, addresses: Iterable[Address]) -> list[Address]:
        """Return the relations of the columns at these addresses; they show the columns' order."""
        rows = self.raw.rows
        return [rows[one].links[0][1] for one in addresses if one[2] and one in rows]

    def _build(self, addresses: Iterable[Address]) -> None:
        self.names.exclude_version_table(
            self.version_table, schema=self.version_schema, among=addresses
        )
        builder = ObjectBuilder(self.names, self.major)
        for address in addresses:
            row = self.raw.rows.get(address)
            if row is not None and (built := builder.build(row)) is not None:
                self.objects_by_address[address] = built

    def _sort_in(self, address: Address, previous: CatalogObject | None) -> None:
        """Put the new object into the sorted list; an equal previous one stays instead of it."""
        built = self.objects_by_address.get(address)
        if previous is not None and built == previous:
            self.objects_by_address[address] = previous
            return
        if previous is not None:
            index = bisect_left(self.objects, previous.key, key=_KEY)
            while self.objects[index] is not previous:
                index += 1
            del self.objects[index]
        if built is not None:
            insort(self.objects, built, key=_KEY)


@dataclass(frozen=True, slots=True)
class RemovedObjects:
    """The objects of a reading that the server does not have any more."""

    objects: frozenset[Address] = frozenset()
    """In row-tracked catalogs."""
    changed: frozenset[Address] = frozenset()
    """The objects that lost an attribute, and must be read again."""
    needs_full_read: bool = False
    """Whether it is unknown which object lost an attribute."""


def find_removed(raw: RawCatalog, remaining: Mapping[str, frozenset[str]]) -> RemovedObjects:
    """Compare a reading with the rows that remain in the catalogs from which rows were deleted.

    :param remaining: see `ChangeReport.remaining`; a catalog that is missing lost no rows.
    """
    if not remaining:
        return RemovedObjects()
    # The relation of a composite type has rows for its attributes only.
    objects = frozenset(
        (catalog, oid, 0)
        for catalog, oid, _ in raw.rows
        if (there := remaining.get(catalog)) is not None and str(oid) not in there
    )
    changed = {*_without_comment(raw, remaining), *_without_parent(raw, remaining)}
    changed.update(_without_replica_index(raw, objects))
    return RemovedObjects(
        objects=objects,
        changed=frozenset(one for one in changed if one not in objects),
        needs_full_read="pg_description" in remaining and _has_not_null_comments(raw),
    )


def _without_comment(raw: RawCatalog, remaining: Mapping[str, frozenset[str]]) -> Iterator[Address]:
    """Yield the objects that lost their comment, or a column's."""
    there = remaining.get("pg_description")
    if there is None:
        return
    for address, attributes in raw.attributes.items():
        catalog, oid, sub = address
        is_known = COMMENTS.attribute in attributes and oid >= FIRST_USER_OID
        if is_known and f"{catalog}:{oid}:{sub}" not in there:
            yield (catalog, oid, 0)


def _has_not_null_comments(raw: RawCatalog) -> bool:
    """Return whether there are comments on NOT NULL constraints, whose addresses are not known."""
    return any(NOT_NULL_COMMENT.attribute in found for found in raw.attributes.values())


def _without_parent(raw: RawCatalog, remaining: Mapping[str, frozenset[str]]) -> Iterator[Address]:
    """Yield the tables and indexes that do not inherit from one of their parents any more."""
    there = remaining.get("pg_inherits")
    if there is None:
        return
    for child, parents in raw.parents.items():
        if any(f"{child}:{parent}" not in there for _, parent in parents):
            yield ("pg_class", child, 0)


def _without_replica_index(raw: RawCatalog, removed: Iterable[Address]) -> Iterator[Address]:
    """Yield the tables whose replica identity may be one of the removed indexes."""
    for address in removed:
        row = raw.rows.get(address)
        for role, table in row.links if row is not None else ():
            if role == "table" and REPLICA_INDEX.attribute in raw.attributes.get(table, {}):
                yield table
