"""Columns for op.create_table(), op.add_column() and op.alter_column()."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops

from alembic_deploy.statements import without_parentheses
from alembic_proof.authoring.actions import Action
from alembic_proof.authoring.ddl import Creation, create_sql
from alembic_proof.authoring.ddl.columns import cast_sql, parse_identity
from alembic_proof.authoring.ddl.reference import options, raw_name
from alembic_proof.authoring.definitions import KeyDefinition, parse_constraint
from alembic_proof.authoring.execute_sql import escape_colons
from alembic_proof.authoring.rendering import AlterColumn
from alembic_proof.authoring.source import Source, computed_of, default_of
from alembic_proof.authoring.sqlalchemy_types import (
    AnyType,
    catalog_type,
    is_named,
    model_type,
    needs_using,
)
from alembic_proof.authoring.table_constraints import OperationTable
from alembic_proof.catalog import Catalog, CatalogObject, Key, key
from alembic_proof.sql import split_qualified_name, unquote_identifier, unquote_literal

ALTERED = ("type", "collation", "nullability", "default", "comment")
"""The attributes that op.alter_column() alters."""
_NULLABLE = {"NULL": True, "NOT NULL": False}
_SERIAL_TYPES = ("smallint", "integer", "bigint")
_NEXTVAL = re.compile(r"nextval\('(?P<name>(?:[^']|'')+)'::regclass\)")
_SERIAL_FACTS = {"start": "1", "increment": "1", "cache": "1"}
_TYPED = re.compile(
    r"(?P<literal>'(?:[^']|'')*')::(?P<type>text|character varying|[^\s.]+\.[^\s.]+)"
)
"""A literal with the type that PostgreSQL gives it in the default of a column of that type."""
_WORDS = {
    "START WITH": "start",
    "INCREMENT BY": "increment",
    "MINVALUE": "minvalue",
    "MAXVALUE": "maxvalue",
    "CACHE": "cache",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableColumns:
    """New columns, and what belongs to them."""

    columns: tuple[sa.Column[Any], ...]
    before: tuple[str, ...] = ()
    """Statements for sequences that the defaults need."""
    after: tuple[str, ...] = ()
    """Statements that make the columns own these sequences."""


def columns_of_table(
    records: Sequence[CatalogObject],
    creation: Creation,
    source: Source,
    constraints: Sequence[CatalogObject] = (),
) -> TableColumns | None:
    """Return new columns; None if SQLAlchemy cannot express one of them.

    :param constraints: those that are created with the table; a serial column must be in its key.
    """
    catalog = creation.catalog
    keys = (parse_constraint(one) for one in constraints)
    primary = next((k for k in keys if isinstance(k, KeyDefinition) and k.is_primary), None)
    in_key = () if primary is None else primary.columns
    counted = _counted(records, catalog, in_key=in_key)
    made = [
        new_column(one, catalog, source, is_serial=one.key == counted, in_key=in_key)
        for one in records
    ]
    columns = tuple(column for column in made if column is not None)
    if len(columns) < len(made):
        return None
    sequences = [
        found
        for one in records
        for found in creation.children.get(one.key, ())
        if found.kind == "sequence" and one.key != counted
    ]
    return TableColumns(
        columns=columns,
        before=tuple(create_sql(one, catalog) for one in sequences),
        after=tuple(
            f"ALTER SEQUENCE {one.identity} OWNED BY {one.fact('owned by')}" for one in sequences
        ),
    )


def _counted(
    records: Sequence[CatalogObject], catalog: Catalog, *, in_key: tuple[str, ...]
) -> Key | None:
    """Return the first serial column of the primary key, which SQLAlchemy creates as one."""
    serial = (one for one in records if raw_name(one) in in_key and _is_serial(one, catalog))
    return next((one.key for one in serial), None)


def _is_serial(record: CatalogObject, catalog: Catalog) -> bool:
    """Return whether the column is as `serial` makes it. Source: datatype-numeric, "Serial Types"."""
    match = _NEXTVAL.fullmatch(record.fact("default") or "")
    if match is None or record.fact("type") not in _SERIAL_TYPES:
        return False
    sequence = catalog.find(key("sequence", match["name"].replace("''", "'")))
    schema, table, column = map(unquote_identifier, split_qualified_name(record.identity))
    if sequence is None or record.key not in sequence.parents:
        return False
    facts = {name: text for name, text in sequence.facts if name in _SEQUENCE_FACTS}
    usual = {**_SERIAL_FACTS, "type": record.fact("type")}
    names = tuple(map(unquote_identifier, split_qualified_name(sequence.identity)))
    return facts == usual and names == (schema, f"{table}_{column}_seq")


_SEQUENCE_FACTS = (
    *("type", "start", "increment", "minimum", "maximum", "cache", "cycle", "persistence"),
)


def new_column(
    record: CatalogObject,
    catalog: Catalog,
    source: Source,
    *,
    is_serial: bool = False,
    in_key: tuple[str, ...] = (),
) -> sa.Column[Any] | None:
    """Return the column; None if SQLAlchemy cannot express it.

    :param is_serial: whether SQLAlchemy creates the sequence, with the table.
    :param in_key: the columns of the table's primary key.
    """
    type_ = _type(record, catalog, source)
    nullable = _NULLABLE.get(record.fact("nullability") or "NULL")
    is_inherited = record.origin is not None or record.fact("inherited") is not None
    if type_ is None or nullable is None or is_inherited or record.fact("foreign options"):
        return None
    identity = catalog.find(key("identity", record.identity))
    generated = _generated(record, identity, source)
    if generated is None and (identity is not None or record.fact("generated") is not None):
        return None
    if generated is None and is_serial:
        default: Any = None
    else:
        default = generated or server_default(record, source)
    name = raw_name(record)
    options: dict[str, Any] = {} if generated is not None else {"server_default": default}
    if is_serial and len(in_key) > 1:
        options["autoincrement"] = True
    elif in_key == (name,) and default is None and not is_serial:
        options["autoincrement"] = False
    arguments = () if generated is None else (generated,)
    return sa.Column(
        name, type_, *arguments, nullable=nullable, comment=record.fact("comment"), **options
    )


def _generated(
    record: CatalogObject, identity: CatalogObject | None, source: Source
) -> sa.Computed | sa.Identity | None:
    if identity is not None:
        return _identity(record, identity)
    expression, _, how = (record.fact("generated") or "").rpartition(" ")
    if how != "STORED":
        return None
    column = source.column(record)
    own = None if column is None else computed_of(column)
    return sa.Computed(
        sa.text(escape_colons(own or without_parentheses(expression))), persisted=True
    )


def _identity(record: CatalogObject, identity: CatalogObject) -> sa.Identity | None:
    """Return the identity with the options that are not the usual ones."""
    found = parse_identity(identity.fact("definition"))
    schema, table, column = map(unquote_identifier, split_qualified_name(record.identity))
    if found is None:
        return None
    names = tuple(map(unquote_identifier, split_qualified_name(found.sequence)))
    if names != (schema, f"{table}_{column}_seq"):
        return None
    options: dict[str, Any] = {
        _WORDS[word]: int(text.rpartition(" ")[2])
        for word, text in found.parameters.items()
        if word in _WORDS
    }
    if "CYCLE" in found.parameters:
        options["cycle"] = True
    return sa.Identity(always=found.mode == "GENERATED ALWAYS", **options)


def server_default(record: CatalogObject, source: Source) -> Any:
    """Return the default as the models have it, else as PostgreSQL shows it; None without one."""
    text = record.fact("default")
    if text is None:
        return None
    column = source.column(record)
    own = None if column is None else default_of(column)
    if own is not None:
        return own
    typed = _TYPED.fullmatch(text)
    if typed and (record.fact("type") or "").partition("(")[0] == typed["type"]:
        return unquote_literal(typed["literal"])
    return sa.text(escape_colons(text))


def _type(record: CatalogObject, catalog: Catalog, source: Source) -> AnyType | None:
    """Return the column's type as the models have it, else as PostgreSQL shows it."""
    column = source.column(record)
    own = None if column is None else model_type(column, record)
    if own is not None:
        return own
    found = catalog_type(record.fact("type") or "", catalog)
    if found is None:
        return None
    collation = record.fact("collation")
    if collation is None:
        return found
    *schema, name = map(unquote_identifier, split_qualified_name(collation))
    if schema or not isinstance(found, sa.String):
        return None
    found.collation = name
    return found


def table_options(record: CatalogObject) -> dict[str, Any]:
    """Return the keyword arguments of op.create_table() for partitioning and storage parameters."""
    found: dict[str, Any] = {}
    if (by := record.fact("partitioned by")) is not None:
        found["postgresql_partition_by"] = by
    if with_ := options(record.fact("options")):
        found["postgresql_with"] = with_
    return found


def alter_column(
    action: Action, catalog: Catalog, source: Source, *, before: Catalog
) -> Sequence[ops.MigrateOperation] | None:
    """Return op.alter_column() for the attributes that it alters; None if SQL must do it.

    A default that cannot follow its column to another type is dropped first and set again.
    """
    record, old = action.record, action.old
    changed = frozenset(ALTERED).intersection(action.attributes)
    table = OperationTable.of_part(record, source)
    if not changed or old is None or table.kind != "table" or record.fact("generated"):
        return None
    states = [_NULLABLE.get(one.fact("nullability") or "NULL") for one in (old, record)]
    is_retyped = not {"type", "collation"}.isdisjoint(changed)
    type_ = _type(record, catalog, source) if is_retyped else None
    using = _using(action, catalog) if is_retyped else None
    if None in states or (is_retyped and type_ is None) or "%" in (using or ""):
        return None
    named: dict[str, Any] = {
        "schema": table.schema,
        "existing_type": _existing(old, before, is_retyped=is_retyped),
    }
    options = _modified(action, changed, source) | {
        "modify_type": type_,
        "existing_nullable": states[0],
    }
    first: list[ops.MigrateOperation] = []
    if using is not None:
        options["postgresql_using"] = using
        if old.fact("default") is not None:
            first = [
                AlterColumn(table.table, raw_name(record), modify_server_default=None, **named)
            ]
            if (default := server_default(record, source)) is not None:
                options["modify_server_default"] = default
            else:
                options.pop("modify_server_default", None)
    return [*first, AlterColumn(table.table, raw_name(record), **named, **options)]


def _modified(action: Action, changed: frozenset[str], source: Source) -> dict[str, Any]:
    """Return the arguments of op.alter_column() for all but the type."""
    record = action.record
    options: dict[str, Any] = {}
    if "nullability" in changed:
        options["modify_nullable"] = _NULLABLE[record.fact("nullability") or "NULL"]
    if "default" in changed:
        options["modify_server_default"] = server_default(record, source)
    if "comment" in changed:
        options["modify_comment"] = record.fact("comment")
    return options


def _existing(old: CatalogObject, before: Catalog, *, is_retyped: bool) -> AnyType | None:
    """Return the type before the alteration; an enum or a domain only where the type changes."""
    found = catalog_type(old.fact("type") or "", before)
    return found if found is None or is_retyped or not is_named(found) else None


def _using(action: Action, catalog: Catalog) -> str | None:
    """Return the expression after USING; None if the values are converted without it."""
    if action.expression or action.old is None:
        return action.expression or None
    before, after = action.old.fact("type") or "", action.record.fact("type") or ""
    if not needs_using(before, after):
        return None
    return cast_sql(action.record, catalog)
