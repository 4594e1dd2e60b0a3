"""Define columns, and write ALTER TABLE … ALTER COLUMN."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from alembic_proof.authoring.ddl.reference import (
    Alteration,
    assignments,
    options,
    own_name,
    sequence_of,
    table_of,
    table_reference,
)
from alembic_proof.catalog.model import Catalog, CatalogObject, Key, key
from alembic_proof.sql import quote_literal, split_qualified_name

STATED = frozenset(
    {
        "type",
        "collation",
        "compression",
        "generated",
        "default",
        "nullability",
        "inherited",
        "foreign options",
    }
)
"""The attributes that are part of the column's definition."""

_IDENTITY = re.compile(
    r"(?P<mode>GENERATED (?:ALWAYS|BY DEFAULT)) AS IDENTITY"
    r" \(SEQUENCE NAME (?P<sequence>(?:\"(?:[^\"]|\"\")*\"|[^\" )])+)(?P<rest>.*)\)"
)
_PARAMETER = re.compile(r"((START WITH|INCREMENT BY|MINVALUE|MAXVALUE|CACHE) -?\d+|(CYCLE))")
_DEFAULTS = {
    "START WITH": "START WITH 1",
    "INCREMENT BY": "INCREMENT BY 1",
    "MINVALUE": "NO MINVALUE",
    "MAXVALUE": "NO MAXVALUE",
    "CACHE": "CACHE 1",
    "CYCLE": "NO CYCLE",
}
NOT_VALID = " NOT VALID"
SET_EXPRESSION_SINCE = 17
NOT_NULL_NAME = "not null name"
"""The attribute with the name of NOT NULL, in records that say which one it gets; never in a catalog."""


def column_definition(record: CatalogObject) -> str:
    """Return the column's definition for CREATE TABLE and ADD COLUMN."""
    return " ".join((own_name(record), *_parts(record)))


def _parts(record: CatalogObject) -> Iterator[str]:
    yield record.fact("type") or ""
    found = options(record.fact("foreign options"))
    if found:
        yield f"OPTIONS ({assignments(found).replace(' = ', ' ')})"
    for word, attribute in (("COLLATE", "collation"), ("COMPRESSION", "compression")):
        if (value := record.fact(attribute)) is not None:
            yield f"{word} {value}"
    if (default := record.fact("default")) is not None:
        yield f"DEFAULT {default}"
    if (generated := record.fact("generated")) is not None:
        yield _generated(generated)
    nullability = record.fact("nullability") or "NULL"
    if nullability != "NULL":
        yield nullability.removesuffix(NOT_VALID)


def _generated(value: str) -> str:
    expression, _, how = value.rpartition(" ")
    return f"GENERATED ALWAYS AS ({expression}) {how}"


def add_column(record: CatalogObject, catalog: Catalog) -> str:
    """Return ALTER TABLE … ADD COLUMN, with the identity, which numbers the rows that exist."""
    identity = catalog.find(key("identity", record.identity))
    numbered = f" {identity.fact('definition')}" if identity is not None else ""
    return f"ALTER {table_reference(record)} ADD COLUMN {column_definition(record)}{numbered}"


def drop_column(record: CatalogObject) -> str:
    """Return ALTER TABLE … DROP COLUMN."""
    return f"ALTER {table_reference(record)} DROP COLUMN {own_name(record)}"


def add_attribute(record: CatalogObject, _catalog: Catalog) -> str:
    """Return ALTER TYPE … ADD ATTRIBUTE."""
    return f"ALTER TYPE {table_of(record)} ADD ATTRIBUTE {attribute_definition(record)}"


def drop_attribute(record: CatalogObject) -> str:
    """Return ALTER TYPE … DROP ATTRIBUTE."""
    return f"ALTER TYPE {table_of(record)} DROP ATTRIBUTE {own_name(record)}"


def attribute_definition(record: CatalogObject) -> str:
    """Return the attribute's definition for CREATE TYPE and ADD ATTRIBUTE."""
    return f"{own_name(record)} {_type(record)}"


def alter_attribute(at: Alteration) -> tuple[str, ...]:
    """Change the type of a composite type's attribute."""
    name = own_name(at.record)
    return (f"ALTER TYPE {table_of(at.record)} ALTER ATTRIBUTE {name} TYPE {_type(at.record)}",)


def alter_type(at: Alteration) -> tuple[str, ...]:
    """Change type and collation; the default is dropped first, and set again."""
    using = (
        ""
        if at.record.fact("generated")
        else f" USING {at.using or cast_sql(at.record, at.catalog)}"
    )
    change = _alter(at, f"TYPE {_type(at.record)}{using}")
    if at.old is None or at.old.fact("default") is None:
        return (change,)
    default = at.record.fact("default")
    back = () if default is None else (_alter(at, f"SET DEFAULT {default}"),)
    return (_alter(at, "DROP DEFAULT"), change, *back)


def _type(record: CatalogObject) -> str:
    collation = record.fact("collation")
    return (record.fact("type") or "") + (f" COLLATE {collation}" if collation else "")


def cast_sql(record: CatalogObject, catalog: Catalog, *, value: str = "") -> str:
    """Return the column's value as its type; an enum is reached by way of text.

    :param catalog: the catalog with that type.
    :param value: another value than that of the column.
    """
    type_ = record.fact("type") or ""
    is_enum = catalog.find(key("enum", type_.removesuffix("[]"))) is not None
    array = "[]" if type_.endswith("[]") else ""
    return f"{value or own_name(record)}{f'::text{array}' if is_enum else ''}::{type_}"


def fill_sql(column: CatalogObject, expression: str, *, condition: str) -> str:
    """Return the UPDATE that gives rows of the column's table another value.

    :param condition: the rows, as SQL; empty for all rows.
    """
    where = f"\nWHERE {condition}" if condition else ""
    return f"UPDATE {table_of(column)}\nSET {own_name(column)} = {expression}{where}"


def alter_default(at: Alteration) -> tuple[str, ...]:
    """Return SET DEFAULT, or DROP DEFAULT."""
    return (_alter(at, "DROP DEFAULT" if at.after is None else f"SET DEFAULT {at.after}"),)


def alter_nullability(at: Alteration) -> tuple[str, ...]:
    """Return SET or DROP NOT NULL; a NOT VALID one is added as a constraint, and validated by name."""
    name = at.record.fact(NOT_NULL_NAME)
    match at.before or "NULL", at.after or "NULL":
        case _, "NULL":
            return (_alter(at, "DROP NOT NULL"),)
        case "NULL", after if after != "NOT NULL":
            return (_add_not_null(at, after),)
        case before, after if name is not None and before == after + NOT_VALID:
            return (f"ALTER {table_reference(at.record)} VALIDATE CONSTRAINT {name}",)
        case before, after if before == after + NOT_VALID or before == "NULL":
            return (_alter(at, "SET NOT NULL"),)
        case _, after:
            return (_alter(at, "DROP NOT NULL"), _add_not_null(at, after))


def _add_not_null(at: Alteration, value: str) -> str:
    name = at.record.fact(NOT_NULL_NAME)
    constraint = f"CONSTRAINT {name} " if name is not None else ""
    rest = f"{own_name(at.record)}{value.removeprefix('NOT NULL')}"
    return f"ALTER {table_reference(at.record)} ADD {constraint}NOT NULL {rest}"


def add_identity(record: CatalogObject, _catalog: Catalog) -> str:
    """Return ADD GENERATED … AS IDENTITY."""
    return f"{_of_identity(record)} ADD {record.fact('definition')}"


def drop_identity(record: CatalogObject) -> str:
    """Return DROP IDENTITY."""
    return f"{_of_identity(record)} DROP IDENTITY"


def set_position(record: CatalogObject, existing: Catalog) -> str:
    """Return setval() for a new identity or sequence of a column that has rows; else nothing.

    An empty table gives NULL, with which setval() does nothing. Source: functions-sequence.

    :param existing: the catalog in which the statement runs.
    """
    column = _column_of(record)
    if column is None or existing.find(column) is None:
        return ""
    sequence = sequence_of(record) if record.kind == "identity" else record.identity
    *table, name = split_qualified_name(column.identity)
    lowest = record.fact("minimum") or "1"
    return (
        f"SELECT setval({quote_literal(sequence)}, max({name}))\n"
        f"FROM {'.'.join(table)}\nHAVING max({name}) >= {lowest}"
    )


def _column_of(record: CatalogObject) -> Key | None:
    """Return the column of an identity or of an owned sequence that counts upwards."""
    if record.kind == "identity":
        counts_down = "INCREMENT BY -" in (record.fact("definition") or "")
        return None if counts_down else key("column", record.identity)
    if (owner := record.fact("owned by")) is None or (record.fact("increment") or "").startswith(
        "-"
    ):
        return None
    return key("column", owner)


@dataclass(frozen=True, slots=True)
class IdentityDefinition:
    """The definition of an identity."""

    mode: str
    """GENERATED ALWAYS, or GENERATED BY DEFAULT."""
    sequence: str
    parameters: Mapping[str, str]
    """The whole parameters by their words, such as `{"CACHE": "CACHE 5", "CYCLE": "CYCLE"}`."""


def parse_identity(definition: str | None) -> IdentityDefinition | None:
    """Return the parts of an identity's definition, without the parameters that have their default."""
    match = _IDENTITY.fullmatch(definition or "")
    if match is None:
        return None
    found = _PARAMETER.findall(match["rest"])
    parameters = {word or cycle: text for text, word, cycle in found}
    return IdentityDefinition(match["mode"], match["sequence"], parameters)


def alter_identity(at: Alteration) -> tuple[str, ...]:
    """Return SET GENERATED and the parameters; for another sequence, drop and add the identity."""
    old, new = parse_identity(at.before), parse_identity(at.after)
    if old is None or new is None or old.sequence != new.sequence:
        position = set_position(at.record, at.catalog)
        return (drop_identity(at.record), add_identity(at.record, at.catalog), position)
    parts = [f"SET {new.parameters.get(name, default)}" for name, default in _DEFAULTS.items()]
    return (f"{_of_identity(at.record)} SET {new.mode} {' '.join(parts)}",)


def _of_identity(record: CatalogObject) -> str:
    return f"ALTER {table_reference(record)} ALTER COLUMN {own_name(record)}"


def alter_generated(at: Alteration) -> tuple[str, ...]:
    """Return SET or DROP EXPRESSION; if neither is possible, drop the column and add it again."""
    if at.before and at.after and at.catalog.major >= SET_EXPRESSION_SINCE:
        return (_alter(at, f"SET EXPRESSION AS ({at.after.rpartition(' ')[0]})"),)
    if at.after is None and (at.before or "").endswith(" STORED"):
        return (_alter(at, "DROP EXPRESSION"),)
    return (drop_column(at.record), add_column(at.record, at.catalog))


def alter_storage(at: Alteration) -> tuple[str, ...]:
    """Return SET STORAGE; PostgreSQL 15 has no DEFAULT there, so the type's usual one is named."""
    default = "DEFAULT" if at.catalog.major >= 16 else _default_storage(at.record)
    return (_alter(at, f"SET STORAGE {at.after or default}"),)


def _default_storage(record: CatalogObject) -> str:
    return "MAIN" if (record.fact("type") or "").startswith("numeric") else "EXTENDED"


def alter_compression(at: Alteration) -> tuple[str, ...]:
    """Return SET COMPRESSION."""
    return (_alter(at, f"SET COMPRESSION {at.after or 'default'}"),)


def alter_statistics(at: Alteration) -> tuple[str, ...]:
    """Return SET STATISTICS."""
    return (_alter(at, f"SET STATISTICS {at.after or '-1'}"),)


def alter_options(at: Alteration) -> tuple[str, ...]:
    """Return RESET for removed options and SET for new ones."""
    old, new = options(at.before), options(at.after)
    gone = ", ".join(name for name in old if name not in new)
    come = {name: value for name, value in new.items() if old.get(name) != value}
    reset = (_alter(at, f"RESET ({gone})"),) if gone else ()
    return reset + ((_alter(at, f"SET ({assignments(come)})"),) if come else ())


def _alter(at: Alteration, action: str) -> str:
    return f"ALTER {table_reference(at.record)} ALTER COLUMN {own_name(at.record)} {action}"
