"""Create and alter enums, domains, composite types, ranges and sequences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from alembic_proof.authoring.ddl.columns import attribute_definition, cast_sql
from alembic_proof.authoring.ddl.reference import (
    Alteration,
    keyword,
    own_name,
    table_reference,
)
from alembic_proof.authoring.definitions import listed_names
from alembic_proof.catalog.model import COLUMN_ORDER, Catalog, CatalogObject
from alembic_proof.sql import (
    plain_literals,
    quote_if_needed,
    split_qualified_name,
    unquote_identifier,
)


def create_enum(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE TYPE … AS ENUM."""
    return f"CREATE TYPE {record.identity} AS ENUM ({record.fact('values') or ''})"


def alter_enum(at: Alteration) -> tuple[str, ...]:
    """Return ADD VALUE for each new label."""
    old, new = (plain_literals(text) for text in (at.before, at.after))
    return tuple(
        f"ALTER TYPE {at.record.identity} ADD VALUE {label}{_place(number, new, old=old)}"
        for number, label in enumerate(new)
        if label not in old
    )


def only_adds_labels(before: str | None, after: str | None) -> bool:
    """Return whether ADD VALUE suffices: no label was removed or moved.

    :param before: the attribute `values` of an enum.
    """
    old, new = (plain_literals(text) for text in (before, after))
    return [label for label in new if label in old] == old


def replace_types(
    types: Sequence[CatalogObject], *, creation: Iterable[str], conversions: Iterable[str]
) -> tuple[str, ...]:
    """Return the statements that make types a second time and convert their columns.

    PostgreSQL cannot remove or move a label of an enum, nor change what a domain is based on, nor the
    type of an attribute while a column has the composite type. What depends on the types, except columns
    and one another, must have been dropped. Source: sql-altertype, sql-alterdomain.

    :param types: a type, then those that are made of it.
    :param creation: the statements that create the types in their new form.
    :param conversions: the statements of `convert_columns`.
    """
    renames, drops = [], []
    for one in types:
        *schema, name = split_qualified_name(one.identity)
        aside = quote_if_needed(f"{unquote_identifier(name)}_old")
        renames.append(f"ALTER {keyword(one)} {one.identity} RENAME TO {aside}")
        drops.append(f"DROP {keyword(one)} {'.'.join((*schema, aside))}")
    return (*renames, *creation, *conversions, *reversed(drops))


def convert_columns(
    columns: Iterable[CatalogObject],
    types: Iterable[CatalogObject],
    *,
    before: Catalog,
    after: Catalog,
) -> Iterator[str]:
    """Yield ALTER COLUMN … TYPE to the new form of each column's type."""
    conversion = _Conversion({one.identity: one for one in types}, before, after)
    for column in columns:
        name, type_ = own_name(column), column.fact("type") or ""
        value = conversion.value(name, type_)
        yield f"ALTER {table_reference(column)} ALTER COLUMN {name} TYPE {type_} USING {value}"


@dataclass(frozen=True, slots=True)
class _Conversion:
    """The conversion of values to types that are made a second time."""

    types: Mapping[str, CatalogObject]
    before: Catalog
    after: Catalog

    def value(self, value: str, type_: str) -> str:
        """Return the value in the new form of its type: by way of text, or attribute by attribute.

        PostgreSQL has no expression for an array whose elements get their attributes in another order:
        it refuses the cast.
        """
        found = self.types.get(type_)
        if found is not None and found.kind == "composite type":
            return self._row(value, found)
        array = "[]" if type_.endswith("[]") else ""
        text = f"::text{array}" if self._keeps_attributes(type_) else ""
        return f"{value}{text}::{type_}"

    def _row(self, value: str, type_: CatalogObject) -> str:
        """Return the row of the converted attributes.

        IS DISTINCT FROM NULL is false of NULL alone, not of a row of nulls. Source: functions-comparison.
        """
        old = {own_name(one): one for one in _attributes(type_, self.before)}
        fields: list[str] = []
        for attribute in _attributes(type_, self.after):
            was, new = old.get(own_name(attribute)), attribute.fact("type") or ""
            field = f"({value}).{own_name(attribute)}"
            if was is None:
                field = "NULL"
            elif was.fact("type") != new:
                field = cast_sql(attribute, self.after, value=field)
            elif new.removesuffix("[]") in self.types:
                field = self.value(field, new)
            fields.append(field)
        row = f"ROW({', '.join(fields)})::{type_.identity}"
        return f"CASE WHEN {value} IS DISTINCT FROM NULL THEN {row} END"

    def _keeps_attributes(self, type_: str) -> bool:
        """Return whether the text of a value means the same in the new form of its type."""
        found = self.types.get(type_.removesuffix("[]"))
        if found is None or found.kind != "composite type":
            return found is None or self._keeps_attributes(found.fact("type") or "")
        old, new = (_attributes(found, one) for one in (self.before, self.after))
        return [own_name(one) for one in old] == [own_name(one) for one in new] and all(
            self._keeps_attributes(one.fact("type") or "") for one in new
        )


def _place(number: int, labels: list[str], *, old: list[str]) -> str:
    """Return AFTER and the label before it, or BEFORE the old first label."""
    if number > 0:
        return f" AFTER {labels[number - 1]}"
    return f" BEFORE {old[0]}" if old else ""


def create_domain(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE DOMAIN without constraints, which are objects of their own."""
    parts = [f"CREATE DOMAIN {record.identity} AS {record.fact('type')}"]
    if (collation := record.fact("collation")) is not None:
        parts.append(f"COLLATE {collation}")
    if (default := record.fact("default")) is not None:
        parts.append(f"DEFAULT {default}")
    if record.fact("nullability") == "NOT NULL":
        parts.append("NOT NULL")
    return " ".join(parts)


def alter_domain(at: Alteration) -> tuple[str, ...]:
    """Return SET or DROP the default or NOT NULL."""
    if at.attribute == "default":
        action = "DROP DEFAULT" if at.after is None else f"SET DEFAULT {at.after}"
    else:
        action = "SET NOT NULL" if at.after == "NOT NULL" else "DROP NOT NULL"
    return (f"ALTER DOMAIN {at.record.identity} {action}",)


def create_composite(record: CatalogObject, catalog: Catalog) -> str:
    """Return CREATE TYPE … AS (…)."""
    lines = ", ".join(map(attribute_definition, _attributes(record, catalog)))
    return f"CREATE TYPE {record.identity} AS ({lines})"


def _attributes(type_: CatalogObject, catalog: Catalog) -> list[CatalogObject]:
    """Return the attributes of a composite type in their order; empty for another type."""
    record = catalog.find(type_.key)
    order = listed_names((record and record.fact(COLUMN_ORDER)) or "")
    children = (one for one in catalog.children(type_.key) if one.kind == "attribute")
    return sorted(children, key=lambda one: order.index(own_name(one)))


def create_range(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE TYPE … AS RANGE."""
    words = {
        "subtype": "SUBTYPE",
        "subtype operator class": "SUBTYPE_OPCLASS",
        "subtype collation": "COLLATION",
        "canonical": "CANONICAL",
        "subtype difference": "SUBTYPE_DIFF",
        "multirange": "MULTIRANGE_TYPE_NAME",
    }
    parts = [f"{word} = {record.fact(name)}" for name, word in words.items() if record.fact(name)]
    return f"CREATE TYPE {record.identity} AS RANGE ({', '.join(parts)})"


def create_shell(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE TYPE of a shell type; empty for a base type, which is written in C."""
    return f"CREATE TYPE {record.identity}" if record.fact("defined") else ""


def create_sequence(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE SEQUENCE without OWNED BY, which needs the column."""
    unlogged = "UNLOGGED " if record.fact("persistence") else ""
    return " ".join((f"CREATE {unlogged}SEQUENCE {record.identity}", *_parameters(record)))


def _parameters(record: CatalogObject) -> Iterator[str]:
    """Yield the parameters that are not the usual ones. Source: sql-createsequence."""
    words = {
        "type": "AS",
        "increment": "INCREMENT BY",
        "minimum": "MINVALUE",
        "maximum": "MAXVALUE",
        "start": "START WITH",
        "cache": "CACHE",
    }
    is_ascending = not (record.fact("increment") or "").startswith("-")
    first = record.fact("minimum" if is_ascending else "maximum") or ("1" if is_ascending else "-1")
    usual = {"type": "bigint", "increment": "1", "cache": "1", "start": first}
    for name, word in words.items():
        value = record.fact(name)
        if value is not None and value != usual.get(name):
            yield f"{word} {value}"
    if record.fact("cycle") is not None:
        yield "CYCLE"


def alter_sequence(at: Alteration) -> tuple[str, ...]:
    """Return ALTER SEQUENCE with the one parameter."""
    after = at.after
    action = {
        "type": f"AS {after}",
        "increment": f"INCREMENT BY {after}",
        "start": f"START WITH {after}",
        "cache": f"CACHE {after}",
        "minimum": "NO MINVALUE" if after is None else f"MINVALUE {after}",
        "maximum": "NO MAXVALUE" if after is None else f"MAXVALUE {after}",
        "cycle": "NO CYCLE" if after is None else "CYCLE",
        "owned by": f"OWNED BY {after or 'NONE'}",
    }[at.attribute]
    return (f"ALTER SEQUENCE {at.record.identity} {action}",)
