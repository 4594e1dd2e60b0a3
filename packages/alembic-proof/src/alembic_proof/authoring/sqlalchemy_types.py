"""The SQLAlchemy type of a catalog's column: the models' own where it is one, else the type's usual one."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

from alembic_proof.catalog import Catalog, CatalogObject, key
from alembic_proof.sql import (
    compile_type,
    plain_literals,
    split_qualified_name,
    unquote_identifier,
    unquote_literal,
)

AnyType: TypeAlias = "TypeEngine[Any]"

_DEFAULT_SCHEMA = "public"
_TYPE = re.compile(
    r"(?P<name>[^(\[]+)(?:\((?P<arguments>[^)]*)\))?(?P<rest> [^\[]+)?(?P<array>(?:\[\])*)"
)
_SPELLINGS = {
    "varchar": "character varying",
    "char": "character",
    "decimal": "numeric",
    "int": "integer",
    "bool": "boolean",
    "double": "double precision",
    "float": "double precision",
    "timestamp": "timestamp without time zone",
    "time": "time without time zone",
    "varbit": "bit varying",
}
"""Other names of types, by the name that PostgreSQL does not show.  Source: datatype, table "Data Types"."""

_UUID: Callable[..., AnyType] = getattr(sa, "Uuid", postgresql.UUID)
_PLAIN: Mapping[str, Callable[..., AnyType]] = {
    "text": sa.Text,
    "integer": sa.Integer,
    "bigint": sa.BigInteger,
    "smallint": sa.SmallInteger,
    "boolean": sa.Boolean,
    "date": sa.Date,
    "bytea": sa.LargeBinary,
    "interval": sa.Interval,
    "double precision": sa.Float,
    "real": sa.REAL,
    "numeric": sa.Numeric,
    "character varying": sa.String,
    "character": sa.CHAR,
    "uuid": _UUID,
    "json": postgresql.JSON,
    "jsonb": postgresql.JSONB,
    **{
        name.lower(): getattr(postgresql, name)
        for name in (
            *("INET", "CIDR", "MACADDR", "MACADDR8", "TSVECTOR", "TSQUERY", "MONEY", "OID"),
            *("INT4RANGE", "INT8RANGE", "NUMRANGE", "DATERANGE", "TSRANGE", "TSTZRANGE", "BIT"),
            *("INT4MULTIRANGE", "INT8MULTIRANGE", "NUMMULTIRANGE", "DATEMULTIRANGE"),
            *("TSMULTIRANGE", "TSTZMULTIRANGE"),
        )
        if hasattr(postgresql, name)
    },
}
"""The types by PostgreSQL's name."""
_OF_EXTENSIONS: Mapping[str, Callable[..., AnyType]] = {
    name.lower(): getattr(postgresql, name)
    for name in ("CITEXT", "HSTORE")
    if hasattr(postgresql, name)
}
_DOMAIN: Any = getattr(postgresql, "DOMAIN", None)
"""None before SQLAlchemy 2.0."""


def model_type(column: sa.Column[Any], record: CatalogObject) -> AnyType | None:
    """Return the type of the models' column, for use in a revision; None if the database has another one.

    A native enum exists by the time it is used, and a check of a type is a constraint of its own.
    """
    try:
        declared = compile_type(column.type)
    except sa.exc.CompileError:
        return None
    name, _, collation = declared.partition(" COLLATE ")
    has_collation = record.fact("collation") is not None
    if not is_same_type(name, record.fact("type") or "") or bool(collation) is not has_collation:
        return None
    if isinstance(column.type, sa.types.TypeDecorator) and isinstance(column.type.impl, sa.Enum):
        return None
    if isinstance(column.type, sa.types.UserDefinedType) and not _is_constructed(column.type):
        return None
    return _for_revision(column.type)


def _is_constructed(type_: AnyType) -> bool:
    """Return whether a revision can construct the type: its text does, and it is no part of the project."""
    return is_installed(type_) and repr(type_).startswith(f"{type(type_).__name__}(")


def is_installed(type_: AnyType) -> bool:
    """Return whether the type is of an installed package, not of the project, which will change."""
    module = sys.modules.get(type(type_).__module__)
    parts = Path(getattr(module, "__file__", None) or "").parts
    return not {"site-packages", "dist-packages"}.isdisjoint(parts)


def is_same_type(declared: str, found: str) -> bool:
    """Return whether SQLAlchemy's SQL of a type means the type that `format_type` shows.

    PostgreSQL shows a type outside of pg_catalog with its schema.
    """
    one, other = _normalised(declared), _normalised(found)
    return one == other or other.endswith(f".{one}")


def _normalised(text: str) -> str:
    words, arguments, array = _parts(text)
    if words == "float":
        is_real = arguments.isdigit() and int(arguments) < _BITS_OF_DOUBLE
        words, arguments = ("real" if is_real else "double precision"), ""
    words = _SPELLINGS.get(words, words).replace('"', "")
    if words == "character":
        arguments = arguments or "1"
    return f"{words}({arguments}){array}"


def _parts(text: str) -> tuple[str, str, str]:
    """Return the words of a type in lower case, its arguments without blanks, and its brackets."""
    match = _TYPE.fullmatch(text.strip())
    if match is None:
        return text, "", ""
    words = " ".join(f"{match['name']}{match['rest'] or ''}".lower().split())
    return words, re.sub(r"\s", "", match["arguments"] or "").lower(), match["array"]


_BITS_OF_DOUBLE = 25
"""The first precision that makes `float(p)` a double. Source: datatype-numeric."""


def _for_revision(type_: AnyType) -> AnyType:
    """Return the type without what it would create beside the column: an enum, a check."""
    if _DOMAIN is not None and isinstance(type_, _DOMAIN):
        return _domain(str(type_.name), type_.data_type, schema=type_.schema)
    match type_:
        case sa.Enum(native_enum=True):
            return postgresql.ENUM(
                *type_.enums, name=type_.name, schema=type_.schema, create_type=False
            )
        case sa.Enum():
            return sa.String(length=type_.length)
        case sa.Boolean():
            return sa.Boolean()
        case sa.ARRAY():
            return postgresql.ARRAY(_for_revision(type_.item_type), dimensions=type_.dimensions)
    return type_


def catalog_type(text: str, catalog: Catalog) -> AnyType | None:
    """Return the type for what `format_type` shows; None if SQLAlchemy has no generic one.

    >>> catalog_type("character varying(20)", Catalog())
    String(length=20)
    """
    base = text.rstrip("[]")
    if base != text:
        item = catalog_type(base, catalog)
        return None if item is None else postgresql.ARRAY(item)
    if (enum := catalog.find(key("enum", text))) is not None:
        return _enum(enum)
    if (domain := catalog.find(key("domain", text))) is not None:
        return _domain_of(domain, catalog)
    schema, _, extension = text.rpartition(".")
    if schema == _DEFAULT_SCHEMA and extension in _OF_EXTENSIONS:
        return _OF_EXTENSIONS[extension]()
    words, arguments, _ = _parts(text)
    numbers = [int(number) for number in arguments.split(",") if number.lstrip("-").isdigit()]
    if words.startswith(("timestamp ", "time ")):
        return _temporal(words, numbers)
    maker = _PLAIN.get(words)
    return None if maker is None else maker(*numbers)


def _temporal(words: str, numbers: list[int]) -> AnyType:
    has_zone = words.endswith(" with time zone")
    is_timestamp = words.startswith("timestamp ")
    if numbers:
        maker = postgresql.TIMESTAMP if is_timestamp else postgresql.TIME
        return maker(timezone=has_zone, precision=numbers[0])
    return (sa.DateTime if is_timestamp else sa.Time)(timezone=has_zone)


def _enum(record: CatalogObject) -> AnyType:
    schema, name = (unquote_identifier(part) for part in split_qualified_name(record.identity))
    labels = [unquote_literal(label) for label in plain_literals(record.fact("values"))]
    schema_name = None if schema == _DEFAULT_SCHEMA else schema
    return postgresql.ENUM(*labels, name=name, schema=schema_name, create_type=False)


def _domain_of(record: CatalogObject, catalog: Catalog) -> AnyType | None:
    base = catalog_type(record.fact("type") or "", catalog)
    schema, name = (unquote_identifier(part) for part in split_qualified_name(record.identity))
    if base is None or _DOMAIN is None:
        return None
    return _domain(name, base, schema=None if schema == _DEFAULT_SCHEMA else schema)


def _domain(name: str, base: AnyType, *, schema: str | None) -> AnyType:
    """Return the type of a column of a domain that exists."""
    found: AnyType = _DOMAIN(name, base, schema=schema, create_type=False)
    return found


def is_named(type_: AnyType) -> bool:
    """Return whether it is an enum or a domain, or an array of these."""
    if isinstance(type_, sa.ARRAY):
        return is_named(type_.item_type)
    return isinstance(type_, sa.Enum) or (_DOMAIN is not None and isinstance(type_, _DOMAIN))


_TEXTS = frozenset({"text", "character varying", "character"})
_NUMBERS = frozenset({"smallint", "integer", "bigint", "numeric", "real", "double precision"})


def needs_using(before: str, after: str) -> bool:
    """Return whether ALTER COLUMN … TYPE needs USING: there is no assignment cast between the types.

    Every type is assigned to a text type. Source: sql-createcast, "Notes"; sql-altertable.
    """
    (old, _, brackets), (new, _, new_brackets) = (_parts(text) for text in (before, after))
    if brackets != new_brackets:
        return True
    if old == new or new in _TEXTS:
        return False
    families = (_NUMBERS, frozenset({"timestamp without time zone", "timestamp with time zone"}))
    return not any({old, new} <= family for family in families)
