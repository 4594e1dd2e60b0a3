"""Rows of the catalog statement -> a Catalog; everything that needs no server."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from alembic_proof.catalog.acl import grants
from alembic_proof.catalog.model import COLUMN_ORDER, Catalog, CatalogObject, Key, key
from alembic_proof.catalog.queries import SELECTS

SECURITY_LABEL = "security label"
Address = tuple[str, int, int]
"""Catalog, OID and column number: how PostgreSQL names an object. It never leaves this file."""


class Row(NamedTuple):
    """One row of the statement."""

    number: int
    kind: str
    name: str
    oid: int
    sub: int
    links: list[int | None] | None
    is_implicit: bool
    owner: str | None
    acl: list[str] | None
    facts: list[str | None] | None

    @property
    def address(self) -> Address:
        """What other rows name the object by."""
        return SELECTS[self.number].reads, self.oid, self.sub


def assemble(
    text: str, *, major: int, version_table: str, version_schema: str | None = None
) -> Catalog:
    """The catalog that the statement's JSON text describes, Alembic's version table left out."""
    rows = [Row(*row) for row in json.loads(text)]
    found = [row for row in rows if row.number >= 0]
    names = _Names({row.address: row for row in found})
    for address in _version_tables(found, names, table=version_table, schema=version_schema):
        names.known[address] = None
    sayings = _sayings(row for row in rows if row.number < 0)
    orders = _column_orders(found)
    objects = (
        record
        for row in found
        if (record := _object(row, names, sayings=sayings, orders=orders, major=major)) is not None
    )
    return Catalog.of(objects, major=major)


@dataclass(frozen=True, slots=True)
class _Names:
    """The keys of the objects, worked out from their scopes when somebody asks."""

    rows: dict[Address, Row]
    known: dict[Address, Key | None] = field(default_factory=dict)
    """None for what is left out."""

    def key(self, address: Address) -> Key | None:
        """The key of the object at that address, None for what is unknown or left out."""
        if address not in self.known:
            row = self.rows.get(address)
            self.known[address] = None if row is None else self._made(row)
        return self.known[address]

    def _made(self, row: Row) -> Key | None:
        identity = row.name
        for role, address in _links(row):
            if role == "scope":
                scope = self.key(address)
                if scope is None:
                    return None
                identity = f"{scope.identity}.{identity}"
            elif role == "holder" and self.key(address) is None:
                return None
        return key(row.kind, identity)


def _links(row: Row) -> Iterator[tuple[str, Address]]:
    """Role and address of each object that the row speaks of."""
    numbers = row.links or []
    for link, oid, sub in zip(SELECTS[row.number].links, numbers[::2], numbers[1::2], strict=True):
        if oid:
            yield link.role, (link.catalog, oid, sub or 0)


def _object(
    row: Row,
    names: _Names,
    *,
    sayings: dict[Address, dict[str, str]],
    orders: dict[Address, str],
    major: int,
) -> CatalogObject | None:
    """The record; None for what is left out and for implicit objects of which nothing is said."""
    own = names.key(row.address)
    if own is None:
        return None
    said = sayings.get(row.address, {})
    values = zip(SELECTS[row.number].facts, row.facts or [], strict=True)
    facts = [(name, text) for name, text in values if text is not None and name not in said]
    facts += said.items()
    if row.acl is not None:
        facts += grants(tuple(row.acl), owner=row.owner or "", kind=row.kind, major=major)
    if row.is_implicit and not facts:
        return None
    if (order := orders.get(row.address)) is not None:
        facts.append((COLUMN_ORDER, order))
    linked = [(role, found) for role, at in _links(row) if (found := names.key(at)) is not None]
    return CatalogObject(
        own,
        tuple(sorted(facts)),
        parents=tuple(found for role, found in linked if role != "origin"),
        origin=next((found for role, found in linked if role == "origin"), None),
        is_implicit=row.is_implicit,
    )


def _sayings(rows: Iterable[Row]) -> dict[Address, dict[str, str]]:
    """Attributes by the address of the object that they are about."""
    found: dict[Address, dict[str, str]] = {}
    for row in rows:
        attribute, text = row.kind, row.name
        if attribute == SECURITY_LABEL:
            provider, _, text = text.partition(": ")
            attribute = f"{attribute} ({provider})"
        found.setdefault((row.owner or "", row.oid, row.sub), {})[attribute] = text
    return found


def _column_orders(rows: list[Row]) -> dict[Address, str]:
    """The names of each relation's own columns in their physical order."""
    numbered: dict[Address, list[tuple[int, str]]] = {}
    for row in rows:
        if row.sub and not row.is_implicit:
            _, relation = next(_links(row))
            numbered.setdefault(relation, []).append((row.sub, row.name))
    return {at: ", ".join(name for _, name in sorted(names)) for at, names in numbered.items()}


def _version_tables(
    rows: list[Row], names: _Names, *, table: str, schema: str | None
) -> list[Address]:
    """Alembic's table: by schema and name, or by name and its one column."""
    columns: dict[int, list[str]] = {}
    for row in rows:
        if row.kind == "column":
            columns.setdefault(row.oid, []).append(row.name)
    return [
        row.address
        for row in rows
        if row.kind == "table"
        and _unquoted(row.name) == table
        and (
            columns.get(row.oid) == ["version_num"]
            if schema is None
            else _schema_of(row, names) == schema
        )
    ]


def _schema_of(row: Row, names: _Names) -> str:
    at = next(address for role, address in _links(row) if role == "scope")
    found = names.key(at)
    return "" if found is None else _unquoted(found.identity)


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
