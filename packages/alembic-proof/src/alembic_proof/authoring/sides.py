"""One side of a plan: a snapshot with its objects by key and its dependencies in both directions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from alembic_proof.catalog import Catalog, CatalogObject, Key, Snapshot, key
from alembic_proof.catalog.snapshot import DEFAULT

RELATIONS = frozenset({"table", "foreign table", "view", "materialized view"})
TYPES = frozenset({"enum", "domain", "composite type", "range"})
_GOES_WITH = RELATIONS | TYPES | {"column", "publication"}
"""The kinds whose parts PostgreSQL drops with them; those of a schema or server are dropped first."""


@dataclass(frozen=True, slots=True)
class Side:
    """A snapshot with its objects by key and its dependencies in both directions."""

    catalog: Catalog
    objects: Mapping[Key, CatalogObject]
    needs: Mapping[Key, frozenset[Key]]
    """What an object depends on, its parents included."""
    dependents: Mapping[Key, frozenset[Key]]
    inheriting: Mapping[Key, tuple[Key, ...]]
    """The columns of partitions and child tables by the column that they inherit."""

    @classmethod
    def of(cls, snapshot: Snapshot) -> Side:
        """Return the side that the snapshot is."""
        objects = {one.key: one for one in snapshot.catalog.objects}
        needs: dict[Key, set[Key]] = defaultdict(set)
        dependents: dict[Key, set[Key]] = defaultdict(set)
        inheriting: dict[Key, tuple[Key, ...]] = {}
        for record in objects.values():
            if record.kind == "column" and record.origin is not None:
                inheriting[record.origin] = (*inheriting.get(record.origin, ()), record.key)
        parents = ((one.key, parent) for one in objects.values() for parent in one.parents)
        for dependent, referenced in (*snapshot.dependencies, *parents):
            if not _is_owned_sequence(dependent, referenced):
                needs[dependent].add(referenced)
                dependents[referenced].add(dependent)
        return cls(
            snapshot.catalog,
            objects,
            {one: frozenset(found) for one, found in needs.items()},
            {one: frozenset(found) for one, found in dependents.items()},
            inheriting,
        )

    def outermost(self, part: Key, *, among: Mapping[Key, object]) -> Key:
        """Return the outermost object of these that the part is created or dropped with; else itself."""
        if part.kind == DEFAULT:
            return self.outermost(key("column", part.identity), among=among)
        record = self.objects.get(part)
        if record is None:
            return part
        for one in _enclosing(record):
            if (found := self.outermost(one, among=among)) in among:
                return found
        return part

    def nearest(self, part: Key, *, among: Mapping[Key, object]) -> Key | None:
        """Return the nearest object of these that the part is created or dropped with; None without."""
        if part.kind == DEFAULT:
            part = key("column", part.identity)
        if part in among:
            return part
        record = self.objects.get(part)
        if record is None:
            return None
        found = (self.nearest(one, among=among) for one in reversed(_enclosing(record)))
        return next((one for one in found if one is not None), None)

    def made_of(self, type_: Key) -> frozenset[Key]:
        """Return the types that are made of this one: domains and ranges over it, and composite types."""
        found = (
            self.objects[one].parents[-1] if one.kind == "attribute" else one
            for one in self.dependents.get(type_, ())
        )
        return frozenset(one for one in found if one.kind in TYPES and one != type_)

    def is_generated(self, column: Key) -> bool:
        """Return whether it is a generated column."""
        record = self.objects.get(column)
        return record is not None and record.fact("generated") is not None

    def parts(self, one: Key) -> Iterator[Key]:
        """Yield what PostgreSQL drops with the object."""
        for part in self.dependents.get(one, ()):
            record = self.objects.get(part)
            if record is not None and one in record.parents and one in _enclosing(record):
                yield part
                yield from self.parts(part)


def _enclosing(record: CatalogObject) -> tuple[Key, ...]:
    """Return what the object is created with, then what it is dropped with.

    A child table stays while its parent is dropped, other than a partition.
    """
    origin = (record.origin,) if record.origin is not None and record.kind != "table" else ()
    if record.fact("inherits") is not None:
        return origin
    return (*origin, *(one for one in record.parents if one.kind in _GOES_WITH))


def _is_owned_sequence(dependent: Key, referenced: Key) -> bool:
    """Return whether it is a sequence that its column owns; OWNED BY comes after both."""
    return dependent.kind == "sequence" and referenced.kind in ("column", "table")


def object_of(one: Key) -> Key:
    """Return the key of the object: for the default of a column, that of the column."""
    return key("column", one.identity) if one.kind == DEFAULT else one
