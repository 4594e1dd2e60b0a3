"""Enums, domains, composite types, ranges and sequences."""

from __future__ import annotations

import re
from collections.abc import Iterator

from alembic_proof.catalog.ddl.alteration import Alteration
from alembic_proof.catalog.ddl.columns import attribute_definition
from alembic_proof.catalog.model import COLUMN_ORDER, Catalog, CatalogObject

_LABEL = re.compile(r"'(?:[^']|'')*'")


def create_enum(record: CatalogObject, _catalog: Catalog) -> str:
    """CREATE TYPE … AS ENUM."""
    return f"CREATE TYPE {record.identity} AS ENUM ({record.fact('values') or ''})"


def alter_enum(at: Alteration) -> tuple[str, ...]:
    """ADD VALUE for each new label; none where a label went or moved."""
    old, new = (_LABEL.findall(text or "") for text in (at.before, at.after))
    if [label for label in new if label in old] != old:
        return ()
    return tuple(
        f"ALTER TYPE {at.record.identity} ADD VALUE {label}{_place(number, new, old=old)}"
        for number, label in enumerate(new)
        if label not in old
    )


def _place(number: int, labels: list[str], *, old: list[str]) -> str:
    """After the label that it follows, which is there by then; the first before the old first."""
    if number > 0:
        return f" AFTER {labels[number - 1]}"
    return f" BEFORE {old[0]}" if old else ""


def create_domain(record: CatalogObject, _catalog: Catalog) -> str:
    """CREATE DOMAIN; its constraints are objects of their own."""
    parts = [f"CREATE DOMAIN {record.identity} AS {record.fact('type')}"]
    if (collation := record.fact("collation")) is not None:
        parts.append(f"COLLATE {collation}")
    if (default := record.fact("default")) is not None:
        parts.append(f"DEFAULT {default}")
    if record.fact("nullability") == "NOT NULL":
        parts.append("NOT NULL")
    return " ".join(parts)


def alter_domain(at: Alteration) -> tuple[str, ...]:
    """SET or DROP the default or NOT NULL."""
    if at.attribute == "default":
        action = "DROP DEFAULT" if at.after is None else f"SET DEFAULT {at.after}"
    else:
        action = "SET NOT NULL" if at.after == "NOT NULL" else "DROP NOT NULL"
    return (f"ALTER DOMAIN {at.record.identity} {action}",)


def create_composite(record: CatalogObject, catalog: Catalog) -> str:
    """CREATE TYPE … AS (…)."""
    order = (record.fact(COLUMN_ORDER) or "").split(", ")
    attributes = sorted(
        (child for child in catalog.children(record.key) if child.kind == "attribute"),
        key=lambda child: order.index(child.identity[len(record.identity) + 1 :]),
    )
    lines = ", ".join(attribute_definition(attribute) for attribute in attributes)
    return f"CREATE TYPE {record.identity} AS ({lines})"


def create_range(record: CatalogObject, _catalog: Catalog) -> str:
    """CREATE TYPE … AS RANGE."""
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
    """CREATE TYPE of a shell; a base type is made by what is written in C."""
    return f"CREATE TYPE {record.identity}" if record.fact("defined") else ""


def create_sequence(record: CatalogObject, _catalog: Catalog) -> str:
    """CREATE SEQUENCE; OWNED BY comes when the column is there."""
    unlogged = "UNLOGGED " if record.fact("persistence") else ""
    return f"CREATE {unlogged}SEQUENCE {record.identity} {' '.join(_parameters(record))}"


def _parameters(record: CatalogObject) -> Iterator[str]:
    words = {
        "type": "AS",
        "increment": "INCREMENT BY",
        "minimum": "MINVALUE",
        "maximum": "MAXVALUE",
        "start": "START WITH",
        "cache": "CACHE",
    }
    for name, word in words.items():
        if (value := record.fact(name)) is not None:
            yield f"{word} {value}"
    if record.fact("cycle") is not None:
        yield "CYCLE"


def alter_sequence(at: Alteration) -> tuple[str, ...]:
    """ALTER SEQUENCE with the one parameter."""
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
