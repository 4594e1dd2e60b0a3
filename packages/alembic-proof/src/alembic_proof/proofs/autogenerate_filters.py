"""Objects that an env.py hides from autogenerate with `include_object` and `include_name`."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Table,
    UniqueConstraint,
    inspect,
)
from sqlalchemy.engine import Connection

from alembic_deploy.connect import run_on
from alembic_deploy.errors import HistoryError
from alembic_deploy.python_errors import describe
from alembic_proof.catalog import Catalog, CatalogObject, Key
from alembic_proof.history.env_py import Environment
from alembic_proof.sql import split_qualified_name, unquote_identifier

_RELATIONS = ("table", "foreign table", "view", "materialized view")
_KINDS = {
    "column": ("column",),
    "index": ("index",),
    "unique_constraint": ("constraint",),
    "foreign_key_constraint": ("constraint",),
}
"""The catalog's kinds for each of Alembic's types."""


@dataclass(frozen=True, slots=True)
class Excluded:
    """Kinds and names of the objects that are not compared."""

    objects: frozenset[tuple[str, tuple[str, ...]]] = frozenset()

    def keys(self, catalog: Catalog) -> frozenset[Key]:
        """Return the keys of these objects and of their parts."""
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
        return frozenset(gone)

    def without(self, catalog: Catalog) -> Catalog:
        """Return the catalog without these objects and without their parts."""
        gone = self.keys(catalog)
        kept = (record for record in catalog.objects if record.key not in gone)
        return Catalog.of(kept, major=catalog.major) if gone else catalog

    def _names(self, record: CatalogObject) -> bool:
        if not self.objects or (record.kind not in _ASKED):
            return False
        parts = tuple(map(unquote_identifier, split_qualified_name(record.identity)))
        return (record.kind, parts) in self.objects


_ASKED = frozenset(("schema", *_RELATIONS, *(kind for kinds in _KINDS.values() for kind in kinds)))


def exclude(environment: Environment, *, models_url: str, history_url: str) -> Excluded:
    """Return the objects that `include_object` and `include_name` refuse, asked as autogenerate asks them.

    :raises HistoryError: one of the two raises.
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
            todo="correct it; it is called as `alembic check` calls it",
        ) from error


@dataclass(frozen=True, slots=True)
class _Asking:
    """The two functions, and the two databases whose objects they are asked about."""

    environment: Environment
    built: Reflected
    """The database that the models created."""
    history: Reflected

    def refused(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield kind and names of every object that one of the functions refuses."""
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
        """Return whether `include_name` refuses the schema; Alembic asks where it looks at several schemas."""
        include_name = self.environment.filters.include_name
        if include_name is None or not self.environment.filters.include_schemas:
            return False
        return not include_name(self._named(schema), "schema", {})

    def _refused_parts(
        self, place: Place, model: Table, found: Table
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the refused parts of a table that both databases have."""
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
        """Return whether one of the functions refuses; `include_name` is asked about existing names only."""
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
        """Return the schema as Alembic names it: None for the default schema."""
        return None if schema == self.history.default_schema else schema

    def _names_of(self, place: Place) -> dict[str, str | None]:
        schema = self._named(place[0])
        qualified = f"{schema}.{place[1]}" if schema else place[1]
        return {"schema_name": schema, "schema_qualified_table_name": qualified}


Place = tuple[str, str]
"""Schema and name of a table."""
Part: TypeAlias = "Column[object] | Index | UniqueConstraint | ForeignKeyConstraint"


@dataclass(frozen=True, slots=True)
class Reflected:
    """The tables of a database, as SQLAlchemy reflects them."""

    default_schema: str
    schemas: tuple[str, ...]
    tables: dict[Place, Table]

    def place(self, table: Table) -> Place:
        """Return schema and name of a table, of the models or reflected."""
        return table.schema or self.default_schema, table.name


def reflect(url: str) -> Reflected:
    """Return all tables of the database. Warnings about types that SQLAlchemy does not know are suppressed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return run_on(url, _reflect)


def _reflect(connection: Connection) -> Reflected:
    inspector = inspect(connection)
    default = inspector.default_schema_name or "public"
    schemas = tuple(name for name in inspector.get_schema_names() if name != "information_schema")
    metadata = MetaData()
    for schema in schemas:
        named = None if schema == default else schema
        metadata.reflect(connection, schema=named, resolve_fks=False)
    tables = {(table.schema or default, table.name): table for table in metadata.tables.values()}
    return Reflected(default, schemas, tables)


def parts_of(table: Table) -> Iterator[tuple[str, Part]]:
    """Yield Alembic's type name and the part, for each part that `include_object` is asked about."""
    yield from (("column", column) for column in table.columns)
    yield from (("index", index) for index in table.indexes)
    for constraint in table.constraints:
        match constraint:
            case UniqueConstraint():
                yield "unique_constraint", constraint
            case ForeignKeyConstraint():
                yield "foreign_key_constraint", constraint


def named_parts(table: Table, *, built: Table) -> dict[tuple[str, str], Part]:
    """Return the parts by type and by their name in the database.

    :param built: the table as reflected: a constraint without a name has the one PostgreSQL gave it.
    """
    built_names = {(type_, _columns(part)): part.name for type_, part in parts_of(built)}
    own = {(type_, part.name) for type_, part in parts_of(built)}
    found: dict[tuple[str, str], Part] = {}
    for type_, part in parts_of(table):
        name = part.name if (type_, part.name) in own else built_names.get((type_, _columns(part)))
        if name is not None:
            found[type_, str(name)] = part
    return found


def _columns(part: Part) -> tuple[str, ...]:
    """Return the columns of a constraint in order, else the part's name."""
    match part:
        case UniqueConstraint() | ForeignKeyConstraint():
            return tuple(column.name for column in part.columns)
    return (str(part.name),)
