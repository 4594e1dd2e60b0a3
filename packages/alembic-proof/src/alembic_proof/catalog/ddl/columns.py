"""The definition of a column, and ALTER … ALTER COLUMN."""

from __future__ import annotations

import re
from collections.abc import Iterator

from alembic_proof.catalog.ddl.address import table_address
from alembic_proof.catalog.ddl.alteration import Alteration
from alembic_proof.catalog.ddl.names import assignments, options, own_name, table_of
from alembic_proof.catalog.model import Catalog, CatalogObject

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
"""The attributes that the column's definition gives by itself."""

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


def column_definition(record: CatalogObject) -> str:
    """The column as it stands in CREATE TABLE and after ADD COLUMN."""
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


def add_column(record: CatalogObject, _catalog: Catalog) -> str:
    """ALTER TABLE … ADD COLUMN."""
    return f"ALTER {table_address(record)} ADD COLUMN {column_definition(record)}"


def drop_column(record: CatalogObject) -> str:
    """ALTER TABLE … DROP COLUMN."""
    return f"ALTER {table_address(record)} DROP COLUMN {own_name(record)}"


def add_attribute(record: CatalogObject, _catalog: Catalog) -> str:
    """ALTER TYPE … ADD ATTRIBUTE."""
    return f"ALTER TYPE {table_of(record)} ADD ATTRIBUTE {attribute_definition(record)}"


def drop_attribute(record: CatalogObject) -> str:
    """ALTER TYPE … DROP ATTRIBUTE."""
    return f"ALTER TYPE {table_of(record)} DROP ATTRIBUTE {own_name(record)}"


def attribute_definition(record: CatalogObject) -> str:
    """An attribute of a composite type as CREATE TYPE wants it."""
    return f"{own_name(record)} {_type(record)}"


def alter_attribute(at: Alteration) -> tuple[str, ...]:
    """Change the type of a composite type's attribute."""
    name = own_name(at.record)
    return (f"ALTER TYPE {table_of(at.record)} ALTER ATTRIBUTE {name} TYPE {_type(at.record)}",)


def alter_type(at: Alteration) -> tuple[str, ...]:
    """Change type and collation; the default steps aside, a generated column takes no USING."""
    using = "" if at.record.fact("generated") else _using(at.record)
    change = _alter(at, f"TYPE {_type(at.record)}{using}")
    if at.old is None or at.old.fact("default") is None:
        return (change,)
    default = at.record.fact("default")
    back = () if default is None else (_alter(at, f"SET DEFAULT {default}"),)
    return (_alter(at, "DROP DEFAULT"), change, *back)


def _type(record: CatalogObject) -> str:
    collation = record.fact("collation")
    return (record.fact("type") or "") + (f" COLLATE {collation}" if collation else "")


def _using(record: CatalogObject) -> str:
    return f" USING {own_name(record)}::{record.fact('type')}"


def alter_default(at: Alteration) -> tuple[str, ...]:
    """SET DEFAULT, or DROP DEFAULT."""
    return (_alter(at, "DROP DEFAULT" if at.after is None else f"SET DEFAULT {at.after}"),)


def alter_nullability(at: Alteration) -> tuple[str, ...]:
    """SET NOT NULL, or DROP NOT NULL; a constraint that is not valid is added as one."""
    name = own_name(at.record)
    match at.before or "NULL", at.after or "NULL":
        case _, "NULL":
            return (_alter(at, "DROP NOT NULL"),)
        case "NULL", after if after != "NOT NULL":
            rest = after.removeprefix("NOT NULL")
            return (f"ALTER {table_address(at.record)} ADD NOT NULL {name}{rest}",)
        case before, after if before == after + NOT_VALID or before == "NULL":
            return (_alter(at, "SET NOT NULL"),)
        case _, after:
            rest = after.removeprefix("NOT NULL")
            return (
                _alter(at, "DROP NOT NULL"),
                f"ALTER {table_address(at.record)} ADD NOT NULL {name}{rest}",
            )


def add_identity(record: CatalogObject, _catalog: Catalog) -> str:
    """ADD GENERATED … AS IDENTITY."""
    return f"{_of_identity(record)} ADD {record.fact('definition')}"


def drop_identity(record: CatalogObject) -> str:
    """DROP IDENTITY."""
    return f"{_of_identity(record)} DROP IDENTITY"


def alter_identity(at: Alteration) -> tuple[str, ...]:
    """SET GENERATED and the parameters; a sequence of another name is a new identity."""
    old, new = (_IDENTITY.fullmatch(text or "") for text in (at.before, at.after))
    if old is None or new is None or old["sequence"] != new["sequence"]:
        return (drop_identity(at.record), add_identity(at.record, at.catalog))
    said = {word or cycle: text for text, word, cycle in _PARAMETER.findall(new["rest"])}
    parts = [f"SET {said.get(name, otherwise)}" for name, otherwise in _DEFAULTS.items()]
    return (f"{_of_identity(at.record)} SET {new['mode']} {' '.join(parts)}",)


def _of_identity(record: CatalogObject) -> str:
    return f"ALTER {table_address(record)} ALTER COLUMN {own_name(record)}"


def alter_generated(at: Alteration) -> tuple[str, ...]:
    """DROP EXPRESSION, SET EXPRESSION; where neither serves the column is made anew."""
    if at.before and at.after and at.catalog.major >= SET_EXPRESSION_SINCE:
        return (_alter(at, f"SET EXPRESSION AS ({at.after.rpartition(' ')[0]})"),)
    if at.after is None and (at.before or "").endswith(" STORED"):
        return (_alter(at, "DROP EXPRESSION"),)
    return (drop_column(at.record), add_column(at.record, at.catalog))


def alter_storage(at: Alteration) -> tuple[str, ...]:
    """SET STORAGE; on PostgreSQL 15, which has no DEFAULT there, what most types start with."""
    default = "DEFAULT" if at.catalog.major >= 16 else _first_storage(at.record)
    return (_alter(at, f"SET STORAGE {at.after or default}"),)


def _first_storage(record: CatalogObject) -> str:
    return "MAIN" if (record.fact("type") or "").startswith("numeric") else "EXTENDED"


def alter_compression(at: Alteration) -> tuple[str, ...]:
    """SET COMPRESSION."""
    return (_alter(at, f"SET COMPRESSION {at.after or 'default'}"),)


def alter_statistics(at: Alteration) -> tuple[str, ...]:
    """SET STATISTICS."""
    return (_alter(at, f"SET STATISTICS {at.after or '-1'}"),)


def alter_options(at: Alteration) -> tuple[str, ...]:
    """RESET the options that go, SET those that come."""
    old, new = options(at.before), options(at.after)
    gone = ", ".join(name for name in old if name not in new)
    come = {name: value for name, value in new.items() if old.get(name) != value}
    reset = (_alter(at, f"RESET ({gone})"),) if gone else ()
    return reset + ((_alter(at, f"SET ({assignments(come)})"),) if come else ())


def _alter(at: Alteration, action: str) -> str:
    return f"ALTER {table_address(at.record)} ALTER COLUMN {own_name(at.record)} {action}"
