"""Operations on constraints and indexes, from their definitions and the models' spelling."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.sql.elements import conv

from alembic_deploy.statements import without_parentheses
from alembic_proof.authoring.ddl.reference import own_name, raw_name, relation_of, table_of
from alembic_proof.authoring.definitions import (
    CheckDefinition,
    Deferral,
    ExcludeDefinition,
    ForeignKeyDefinition,
    IndexDefinition,
    KeyDefinition,
    is_column,
    parse_constraint,
    parse_index,
)
from alembic_proof.authoring.execute_sql import ExecuteSql, escape_colons
from alembic_proof.authoring.rendering import (
    CreateCheckConstraint,
    CreateExcludeConstraint,
    CreateForeignKey,
    CreateIndex,
    CreatePrimaryKey,
    CreateUniqueConstraint,
    DropConstraint,
    DropIndex,
)
from alembic_proof.authoring.source import Source, expressions_of, where_of
from alembic_proof.catalog import CatalogObject, Key
from alembic_proof.sql import split_qualified_name, unquote_identifier

_TYPES = {
    "PRIMARY KEY": "primary",
    "UNIQUE": "unique",
    "FOREIGN KEY": "foreignkey",
    "CHECK": "check",
}
"""Alembic's words for kinds of constraints."""
_INDEX_OPTIONS = {
    name
    for class_, known in PGDialect.construct_arguments or ()
    if class_ is sa.Index
    for name in known
}
_UNIQUE_OPTIONS = {
    name
    for class_, known in PGDialect.construct_arguments or ()
    if class_ is sa.UniqueConstraint
    for name in known or ()
}
"""The options of PostgreSQL that the installed SQLAlchemy knows."""


@dataclass(frozen=True, slots=True)
class OperationTable:
    """The name of a table as Alembic's operations take it."""

    table: str
    schema: str | None
    """None for the default schema."""
    kind: str = "table"

    @classmethod
    def of(cls, record: CatalogObject, source: Source) -> OperationTable:
        """Return the name of a table."""
        return cls.at(record.key, source)

    @classmethod
    def of_part(cls, record: CatalogObject, source: Source) -> OperationTable:
        """Return the name of the table that a column, a constraint or an index belongs to."""
        return cls.at(relation_of(record), source)

    @classmethod
    def at(cls, found: Key, source: Source) -> OperationTable:
        """Return the name of the table of that key."""
        schema, name = (unquote_identifier(part) for part in split_qualified_name(found.identity))
        return cls(name, None if schema == source.default_schema else schema, found.kind)


def name_for(record: CatalogObject, source: Source) -> str:
    """Return the name, marked for op.f() where a naming convention could change it."""
    name = raw_name(record)
    return conv(name) if source.has_convention else name


def inline(records: Iterable[CatalogObject], source: Source) -> list[Any]:
    """Return those constraints that op.create_table() can have, as constructs of SQLAlchemy."""
    return [found for record in records if (found := _inline(record, source)) is not None]


def _inline(record: CatalogObject, source: Source) -> Any:
    name = name_for(record, source)
    match parse_constraint(record):
        case KeyDefinition() as found:
            options = _unique_options(found)
            if options is None:
                return None
            class_ = sa.PrimaryKeyConstraint if found.is_primary else sa.UniqueConstraint
            return class_(*found.columns, name=name, **_deferral(found.deferral), **options)
        case ForeignKeyDefinition(is_valid=True) as found if not _has_dots(found):
            schema = "" if found.schema == source.default_schema else f"{found.schema}."
            targets = [f"{schema}{found.table}.{column}" for column in found.remote]
            return sa.ForeignKeyConstraint(
                [*found.columns], targets, name=name, **_foreign_key_options(found)
            )
        case CheckDefinition(is_valid=True) as found:
            condition = source.condition(record) or found.condition
            return sa.CheckConstraint(sa.text(escape_colons(condition)), name=name)
        case ExcludeDefinition() as found:
            return postgresql.ExcludeConstraint(
                *_excluded(found), name=name, **_exclude_options(found)
            )
    return None


def _excluded(found: ExcludeDefinition) -> list[tuple[Any, str]]:
    """Return the elements as columns and as SQL."""
    return [
        (sa.column(unquote_identifier(sql)) if is_column(sql) else sa.literal_column(sql), operator)
        for sql, operator in found.elements
    ]


def _exclude_options(found: ExcludeDefinition) -> dict[str, Any]:
    where = {} if found.where is None else {"where": sa.text(escape_colons(found.where))}
    return {**where, "using": found.method, **_deferral(found.deferral)}


def _has_dots(found: ForeignKeyDefinition) -> bool:
    """Return whether the target cannot be written as `schema.table.column`."""
    return any("." in name for name in (found.schema, found.table, *found.remote))


def create_constraint(record: CatalogObject, source: Source) -> ops.MigrateOperation | None:
    """Return the operation that adds the constraint to its table; None if SQL must do it."""
    table = OperationTable.of_part(record, source)
    if table.kind != "table":
        return None
    name = name_for(record, source)
    match parse_constraint(record):
        case KeyDefinition() as found:
            options = _unique_options(found)
            if options is None:
                return None
            class_ = CreatePrimaryKey if found.is_primary else CreateUniqueConstraint
            return class_(
                name,
                table.table,
                [*found.columns],
                schema=table.schema,
                **_deferral(found.deferral),
                **options,
            )
        case ForeignKeyDefinition(is_valid=True) as found:
            schema = None if found.schema == source.default_schema else found.schema
            options = _foreign_key_options(found)
            if table.schema:
                options["source_schema"] = table.schema
            if schema:
                options["referent_schema"] = schema
            return CreateForeignKey(
                name, table.table, found.table, [*found.columns], [*found.remote], **options
            )
        case CheckDefinition() as found:
            return _create_check(found, record, source, table)
        case ExcludeDefinition() as found:
            return CreateExcludeConstraint(
                name,
                table.table,
                _excluded(found),
                schema=table.schema,
                **_exclude_options(found),
            )
    return None


def _create_check(
    found: CheckDefinition, record: CatalogObject, source: Source, table: OperationTable
) -> ops.MigrateOperation:
    condition = source.condition(record) or found.condition
    if found.is_valid:
        name = name_for(record, source)
        return CreateCheckConstraint(name, table.table, condition, schema=table.schema)
    return ExecuteSql(
        f"ALTER TABLE {table_of(record)} ADD CONSTRAINT {own_name(record)}"
        f" CHECK ({condition}) NOT VALID"
    )


def _unique_options(found: KeyDefinition) -> dict[str, Any] | None:
    if found.is_null_distinct:
        return {}
    known = "nulls_not_distinct" in _UNIQUE_OPTIONS
    return {"postgresql_nulls_not_distinct": True} if known else None


def _deferral(deferral: Deferral) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if deferral.is_deferrable:
        options["deferrable"] = True
    if deferral.is_deferred:
        options["initially"] = "DEFERRED"
    return options


def _foreign_key_options(found: ForeignKeyDefinition) -> dict[str, Any]:
    options = {"onupdate": found.onupdate, "ondelete": found.ondelete, "match": found.match}
    given = {name: value for name, value in options.items() if value is not None}
    return {**given, **_deferral(found.deferral)}


def drop_constraint(record: CatalogObject, source: Source) -> ops.MigrateOperation | None:
    """Return op.drop_constraint(); None for a constraint of another kind of object."""
    table = OperationTable.of_part(record, source)
    if table.kind != "table":
        return None
    definition = record.fact("definition") or ""
    type_ = next((word for words, word in _TYPES.items() if definition.startswith(words)), None)
    return DropConstraint(name_for(record, source), table.table, type_=type_, schema=table.schema)


def create_index(
    record: CatalogObject, source: Source, *, is_concurrent: bool = False
) -> ops.MigrateOperation | None:
    """Return op.create_index(); None if SQL must do it."""
    found = parse_index(record)
    if found is None:
        return None
    options = _index_options(found, record, source)
    if any(name.removeprefix("postgresql_") not in _INDEX_OPTIONS for name in options):
        return None
    if is_concurrent:
        options["postgresql_concurrently"] = True
    table = OperationTable.of_part(record, source)
    return CreateIndex(
        name_for(record, source),
        table.table,
        [*_elements(found, record, source)],
        schema=table.schema,
        unique=found.is_unique,
        **options,
    )


def _elements(found: IndexDefinition, record: CatalogObject, source: Source) -> Iterator[Any]:
    """Yield the columns and expressions, the latter as the models have them."""
    index = source.index(record)
    spelled = () if index is None or _has_classes(index) else expressions_of(index)
    for number, element in enumerate(found.elements):
        if is_column(element):
            yield unquote_identifier(element)
            continue
        own = spelled[number] if len(spelled) == len(found.elements) else None
        text = element if own is None else own
        if element.startswith("("):
            text = f"({without_parentheses(text)})"
        yield sa.literal_column(text)


def _has_classes(index: sa.Index) -> bool:
    return bool(index.dialect_options["postgresql"].get("ops"))


def _index_options(found: IndexDefinition, record: CatalogObject, source: Source) -> dict[str, Any]:
    index = source.index(record)
    options: dict[str, Any] = {}
    if found.method != "btree":
        options["postgresql_using"] = found.method
    if found.include:
        options["postgresql_include"] = [*found.include]
    if not found.is_null_distinct:
        options["postgresql_nulls_not_distinct"] = True
    if found.options:
        pairs = (pair.partition("=") for pair in found.options.split(", "))
        options["postgresql_with"] = {name: value.strip("'") for name, _, value in pairs}
    if found.where is not None:
        own = None if index is None else where_of(index)
        options["postgresql_where"] = sa.text(escape_colons(own or found.where))
    return options


def drop_index(record: CatalogObject, source: Source) -> ops.MigrateOperation | None:
    """Return op.drop_index()."""
    table = OperationTable.of_part(record, source)
    return ops.DropIndexOp(name_for(record, source), table_name=table.table, schema=table.schema)


def drop_index_concurrently(record: CatalogObject, source: Source) -> ops.MigrateOperation:
    """Return op.drop_index() of an index that may be missing, while its table is written."""
    table = OperationTable.of_part(record, source)
    return DropIndex(
        name_for(record, source),
        table_name=table.table,
        schema=table.schema,
        if_exists=True,
        postgresql_concurrently=True,
    )
