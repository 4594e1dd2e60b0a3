"""Write the statements that create an object with everything that belongs to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from alembic_proof.authoring.ddl import (
    columns,
    database_objects,
    operators,
    table_objects,
    tables,
    text_search,
    types,
)
from alembic_proof.authoring.ddl.alter import find_setter
from alembic_proof.authoring.ddl.grants import default_grants, grant_columns
from alembic_proof.authoring.ddl.reference import Alteration
from alembic_proof.catalog.model import Catalog, CatalogObject, Key

DEFAULT_PRIVILEGES = "default privileges"
_FIRST = (
    "schema",
    "extension",
    "language",
    "access method",
    "collation",
    "conversion",
    "enum",
    "composite type",
    "attribute",
    "domain",
    "range",
    "type",
    "sequence",
    "function",
    "procedure",
    "aggregate",
    "operator",
    "operator family",
    "operator class",
    "cast",
    "transform",
    "text search parser",
    "text search template",
    "text search dictionary",
    "text search configuration",
    "foreign-data wrapper",
    "server",
    "user mapping",
)
_ORDER = (
    *_FIRST,
    "table",
    "foreign table",
    "column",
    "identity",
    "constraint",
    "index",
    "statistics",
    "view",
    "materialized view",
    "trigger",
    "rule",
    "policy",
    "publication",
    "published schema",
    "published table",
    "event trigger",
    DEFAULT_PRIVILEGES,
)
_POSITIONS = {kind: number for number, kind in enumerate(_ORDER)}

FOUNDATIONS = frozenset(_FIRST) - {"attribute"}
"""The kinds that columns, defaults and triggers refer to."""


def creation_order(kind: str) -> int:
    """Return the kind's position in the order of creation; kinds that are not listed come last."""
    return _POSITIONS.get(kind, len(_ORDER))


_Creator = Callable[[CatalogObject, Catalog], str]

_CREATORS: dict[str, _Creator] = {
    "schema": database_objects.create_schema,
    "extension": database_objects.create_extension,
    "table": tables.create_table,
    "foreign table": tables.create_table,
    "view": tables.create_view,
    "materialized view": tables.create_view,
    "column": columns.add_column,
    "attribute": columns.add_attribute,
    "identity": columns.add_identity,
    "sequence": types.create_sequence,
    "enum": types.create_enum,
    "domain": types.create_domain,
    "composite type": types.create_composite,
    "range": types.create_range,
    "type": types.create_shell,
    "constraint": table_objects.create_constraint,
    "index": table_objects.create_index,
    "trigger": table_objects.create_defined,
    "rule": table_objects.create_defined,
    "function": table_objects.create_routine,
    "procedure": table_objects.create_routine,
    "statistics": table_objects.create_defined,
    "policy": table_objects.create_policy,
    "event trigger": table_objects.create_event_trigger,
    "foreign-data wrapper": database_objects.create_wrapper,
    "server": database_objects.create_server,
    "user mapping": database_objects.create_user_mapping,
    "publication": database_objects.create_publication,
    "published table": database_objects.add_published,
    "published schema": database_objects.add_published,
    "aggregate": operators.create_aggregate,
    "operator": operators.create_operator,
    "operator family": operators.create_operator_family,
    "cast": operators.create_cast,
    "collation": database_objects.create_collation,
    "conversion": database_objects.create_conversion,
    "text search dictionary": text_search.create_dictionary,
    "text search configuration": text_search.create_configuration,
    "text search parser": text_search.create_parser,
    "text search template": text_search.create_template,
    "language": database_objects.create_language,
    "transform": database_objects.create_transform,
    "access method": database_objects.create_access_method,
}

CREATABLE_KINDS = frozenset(_CREATORS)
"""The kinds for which there is a CREATE statement."""


def create_sql(record: CatalogObject, catalog: Catalog) -> str:
    """Return the CREATE (or ALTER … ADD) statement; empty for a kind that has none here."""
    creator = _CREATORS.get(record.kind)
    return "" if creator is None else creator(record, catalog)


_HOLDS_COLUMNS = frozenset(
    {"table", "foreign table", "view", "materialized view", "composite type"}
)
_NOT_IN_CREATE = frozenset(
    {
        "owner",
        "comment",
        "enabled",
        "owned by",
        "row security",
        "force row security",
        "replica identity",
        "storage",
        "statistics target",
        "statistics targets",
        "target",
        "clustered",
        "mappings",
        "revoked",
        "operators",
        "functions",
    }
)
"""The attributes that CREATE cannot set; see `_is_set_after_create` for the others."""


def build_sql(
    record: CatalogObject, catalog: Catalog, *, existing: Catalog | None = None
) -> tuple[str, ...]:
    """Return the statements that create an object, with what CREATE does not state.

    A table comes with its columns, and with the identities and sequences of these; constraints,
    indexes, triggers and policies are objects of their own.

    :param catalog: the catalog that has the object.
    :param existing: the catalog in which the statements run; its default privileges apply.

    Example: `build_sql(table, catalog)` returns CREATE TABLE, GRANT …, COMMENT ON …
    """
    return tuple(
        statement
        for statement in Creation.of(catalog, existing=existing or catalog).statements(record)
        if statement
    )


Stated = Collection[tuple[str, str]]
"""Kinds and attributes that need no statement of their own."""


@dataclass(frozen=True, slots=True)
class Creation:
    """The objects of a catalog, to be created in a database that has those of another one."""

    catalog: Catalog
    existing: Catalog
    children: Mapping[Key, tuple[CatalogObject, ...]]
    """The objects by their nearest parent, in the order of creation."""
    usual_owner: str | None
    """The owner of most objects, who is assumed to run the statements."""

    @classmethod
    def of(cls, catalog: Catalog, *, existing: Catalog) -> Creation:
        """Return the creation of objects of `catalog`; the default privileges of `existing` apply."""
        children: dict[Key, list[CatalogObject]] = {}
        for record in sorted(catalog.objects, key=lambda one: creation_order(one.kind)):
            for holder in record.parents[-1:]:
                children.setdefault(holder, []).append(record)
        owners = Counter(
            owner
            for record in (*catalog.objects, *existing.objects)
            if (owner := record.fact("owner")) is not None
        )
        return cls(
            catalog,
            existing,
            {key: tuple(records) for key, records in children.items()},
            owners.most_common(1)[0][0] if owners else None,
        )

    def statements(self, record: CatalogObject) -> Iterator[str]:
        """Yield the statements that create the object, with what CREATE does not state of it.

        ADD COLUMN states the identity, which numbers the rows that exist.
        """
        holders = [record] if record.kind == "column" else self._columns(record)
        owned = [child for column in holders for child in self.children.get(column.key, ())]
        yield from (create_sql(one, self.catalog) for one in owned if one.kind == "sequence")
        yield create_sql(record, self.catalog)
        yield from (
            create_sql(one, self.catalog)
            for column in holders
            if column.origin is None and column is not record
            for one in self.children.get(column.key, ())
            if one.kind == "identity"
        )
        yield from self.rest(record)
        if record.kind in ("identity", "sequence"):
            yield columns.set_position(record, self.existing)

    def rest(self, record: CatalogObject, *, stated: Stated = ()) -> Iterator[str]:
        """Yield the statements for what CREATE, or an operation of Alembic, does not state.

        Those for the columns of a table, their identities and sequences, the index of a constraint and
        what a partition has of its table are among them.
        """
        yield from self._alter_rest(record, stated)
        columns = self._columns(record)
        for column in columns:
            yield from self._alter_rest(column, stated, is_granted=False)
        yield from grant_columns(columns, self.catalog)
        for column in [record] if record.kind == "column" else columns:
            for child in self.children.get(column.key, ()):
                yield from self._alter_rest(child, stated)
        for child in self.children.get(record.key, ()) if record.kind != "column" else ():
            if child not in columns and is_created_with_parent(child):
                yield from self._alter_rest(child, stated)

    def _columns(self, record: CatalogObject) -> list[CatalogObject]:
        """Return the columns or attributes that are created with the object."""
        if record.kind not in _HOLDS_COLUMNS:
            return []
        children = self.children.get(record.key, ())
        return [child for child in children if child.kind in ("column", "attribute")]

    def _alter_rest(
        self, record: CatalogObject, stated: Stated, *, is_granted: bool = True
    ) -> Iterator[str]:
        """Yield the statements for the attributes of one object that CREATE does not set.

        :param is_granted: whether grants are among them.
        """
        before = default_grants(record, by=self.usual_owner, existing=self.existing)
        after = {name: text for name, text in record.facts if _is_set_after_create(name, record)}
        for attribute in sorted(before.keys() | after.keys(), key=_owner_first):
            setter = find_setter(record.kind, attribute)
            is_left_out = (record.kind, attribute) in stated or (
                not is_granted and attribute.startswith("grant to ")
            )
            if before.get(attribute) == after.get(attribute) or setter is None or is_left_out:
                continue
            yield from setter(
                Alteration(
                    record=record,
                    catalog=self.catalog,
                    attribute=attribute,
                    before=before.get(attribute),
                    after=after.get(attribute),
                )
            )


def is_created_with_parent(record: CatalogObject) -> bool:
    """Return whether creating its parent or its origin creates the object, as for a partition's index.

    Default privileges are not: they would apply to the objects that are still to be created.
    """
    if record.kind == DEFAULT_PRIVILEGES:
        return False
    return record.is_implicit or (record.origin is not None and record.kind != "table")


def _owner_first(attribute: str) -> tuple[int, str]:
    """Return the sort key: the owner, then row security, then the rest by name."""
    first = ("owner", "row security", "force row security")
    return (first.index(attribute) if attribute in first else len(first), attribute)


def _is_set_after_create(name: str, record: CatalogObject) -> bool:
    """Return whether CREATE does not set the attribute."""
    if name == "options":
        return record.kind == "column" or record.is_implicit
    if name == "tablespace":
        return record.kind == "index"
    if name == "default":
        return record.is_implicit
    return name in _NOT_IN_CREATE or name.startswith("grant to ")
