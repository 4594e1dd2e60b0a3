"""A catalog with the dependencies between its objects, as PostgreSQL records them in pg_depend."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from alembic_proof.catalog.model import Catalog, Key, key
from alembic_proof.catalog.parse import Address, ObjectNames
from alembic_proof.catalog.queries.dependencies import DEFAULT_CATALOG

DEFAULT = "default"
"""The kind in the key of a column's default, or of a generated column's expression."""


class Dependency(NamedTuple):
    """One object that cannot exist without another one."""

    dependent: Key
    referenced: Key


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One reading of a database: its objects and what each of them depends on."""

    catalog: Catalog
    dependencies: frozenset[Dependency] = field(default=frozenset())
    """Those of pg_depend, and those of a part on its table or schema (`CatalogObject.parents`).

    The default of a column has a key of its own (`default public.users.email`), because it can be
    removed without its column.
    """

    def without(self, keys: Collection[Key]) -> Snapshot:
        """Return the snapshot without these objects."""
        if not keys:
            return self
        kept = (one for one in self.catalog.objects if one.key not in keys)
        return Snapshot(
            Catalog.of(kept, major=self.catalog.major),
            frozenset(
                one
                for one in self.dependencies
                if one.dependent not in keys and one.referenced not in keys
            ),
        )


def dependencies_of(rows: Iterable[Iterable[Any]], names: ObjectNames) -> frozenset[Dependency]:
    """Return the dependencies between the objects that have keys.

    :param rows: the result of DEPENDENCIES_SQL.
    """
    return frozenset(_dependencies(rows, names))


def _dependencies(rows: Iterable[Iterable[Any]], names: ObjectNames) -> Iterator[Dependency]:
    for row in rows:
        catalog, oid, sub, other_catalog, other_oid, other_sub = row
        dependent = _key((catalog, oid, sub), names)
        referenced = _key((other_catalog, other_oid, other_sub), names)
        if dependent is not None and referenced is not None and dependent != referenced:
            yield Dependency(dependent, referenced)


def _key(address: Address, names: ObjectNames) -> Key | None:
    catalog, oid, sub = address
    if catalog != DEFAULT_CATALOG:
        return names.key(address)
    column = names.key(("pg_class", oid, sub))
    return None if column is None else key(DEFAULT, column.identity)
