"""What an env.py keeps from autogenerate is kept from parity as well, with all that hangs on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Table

from alembic_proof.catalog import Catalog, CatalogObject
from alembic_proof.catalog.names import split_name, unquoted
from alembic_proof.errors import HistoryError
from alembic_proof.history.environment import Environment
from alembic_proof.history.fault import describe
from alembic_proof.proofs.reflected import Place, Reflected, named_parts, reflect

_RELATIONS = ("table", "foreign table", "view", "materialized view")
_KINDS = {
    "column": ("column",),
    "index": ("index",),
    "unique_constraint": ("constraint",),
    "foreign_key_constraint": ("constraint",),
}
"""Alembic's types to the catalog's kinds."""


@dataclass(frozen=True, slots=True)
class Excluded:
    """The kinds and names of what is not compared."""

    objects: frozenset[tuple[str, tuple[str, ...]]] = frozenset()

    def without(self, catalog: Catalog) -> Catalog:
        """The catalog without these objects, and without whatever cannot be without them."""
        gone = {record.key for record in catalog.objects if self._names(record)}
        found = len(gone)
        while found:
            carried = {
                record.key
                for record in catalog.objects
                if record.key not in gone and not gone.isdisjoint(record.parents)
            }
            found = len(carried)
            gone |= carried
        kept = (record for record in catalog.objects if record.key not in gone)
        return Catalog.of(kept, major=catalog.major) if gone else catalog

    def _names(self, record: CatalogObject) -> bool:
        if not self.objects or (record.kind not in _ASKED):
            return False
        parts = tuple(map(unquoted, split_name(record.identity)))
        return (record.kind, parts) in self.objects


_ASKED = frozenset(("schema", *_RELATIONS, *(kind for kinds in _KINDS.values() for kind in kinds)))


def exclude(environment: Environment, *, models_url: str, history_url: str) -> Excluded:
    """What `include_object` and `include_name` refuse; asked as Alembic's autogenerate asks.

    Raises:
        HistoryError: one of the two raises.
    """
    filters = environment.filters
    if filters.include_object is None and filters.include_name is None:
        return Excluded()
    asking = _Asking(environment, built=reflect(models_url), history=reflect(history_url))
    try:
        return Excluded(frozenset(asking.refused()))
    except Exception as error:
        raise HistoryError(
            f"env.py's include_object or include_name cannot run: {describe(error)}",
            where=environment.place,
            todo="correct it; it is asked as `alembic check` asks it",
        ) from error


@dataclass(frozen=True, slots=True)
class _Asking:
    """The two functions, and both sides of what they are asked about."""

    environment: Environment
    built: Reflected
    """The database that the models built."""
    history: Reflected

    def refused(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Kind and names of everything that one of them refuses."""
        out = {name for name in self.history.schemas if self._is_out(name)}
        yield from (("schema", (name,)) for name in out)
        models = {
            self.built.place(table): table
            for metadata in self.environment.metadatas
            for table in metadata.tables.values()
        }
        places = {*models, *self.history.tables}
        for place in sorted(place for place in places if place[0] not in out):
            model, found = models.get(place), self.history.tables.get(place)
            names = self._names_of(place)
            if self._refuses(place[1], "table", names, model=model, found=found):
                yield from ((kind, place) for kind in _RELATIONS)
            elif model is not None and found is not None:
                yield from self._refused_parts(place, model, found)

    def _is_out(self, schema: str) -> bool:
        """Alembic asks about schemas where it looks at several."""
        include_name = self.environment.filters.include_name
        if include_name is None or not self.environment.filters.include_schemas:
            return False
        return not include_name(self._named(schema), "schema", {})

    def _refused_parts(
        self, place: Place, model: Table, found: Table
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Those of a table that both sides have."""
        ours = named_parts(model, built=self.built.tables.get(place, model))
        theirs = named_parts(found, built=found)
        names = {"table_name": place[1], **self._names_of(place)}
        for type_, name in sorted({*ours, *theirs}):
            one, other = ours.get((type_, name)), theirs.get((type_, name))
            if self._refuses(name, type_, names, model=one, found=other):
                whole = (place[0], name) if type_ == "index" else (*place, name)
                yield from ((kind, whole) for kind in _KINDS[type_])

    def _refuses(
        self,
        name: str,
        type_: str,
        names: dict[str, str | None],
        *,
        model: object | None,
        found: object | None,
    ) -> bool:
        """Whether one of the two does: only names that the database has are asked about."""
        include_name = self.environment.filters.include_name
        include_object = self.environment.filters.include_object
        if include_name is not None and found is not None and not include_name(name, type_, names):
            return True
        if include_object is None:
            return False
        if model is None:
            return not include_object(found, name, type_, True, None)  # noqa: FBT003  Alembic's order
        return not include_object(model, name, type_, False, found)  # noqa: FBT003

    def _named(self, schema: str) -> str | None:
        """As Alembic names it: the default schema has no name."""
        return None if schema == self.history.default_schema else schema

    def _names_of(self, place: Place) -> dict[str, str | None]:
        schema = self._named(place[0])
        qualified = f"{schema}.{place[1]}" if schema else place[1]
        return {"schema_name": schema, "schema_qualified_table_name": qualified}
