"""The rows of the catalog statement, and how they speak of one another."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from alembic_proof.catalog.queries import SELECTS

Address = tuple[str, int, int]
"""Catalog, OID and column number: how PostgreSQL names an object. None of it reaches a record."""


class Row(NamedTuple):
    """What a SELECT says of one object."""

    number: int
    kind: str
    name: str
    address: Address
    """What other rows name the object by."""
    links: tuple[tuple[str, Address], ...]
    """Role and address of each object that the row speaks of."""
    is_implicit: bool
    owner: str | None
    acl: tuple[str, ...] | None
    facts: dict[str, str]


@dataclass(frozen=True, slots=True)
class Reading:
    """All rows of one statement, sorted by what they are."""

    rows: dict[Address, Row] = field(default_factory=dict)
    sayings: dict[Address, dict[str, str]] = field(default_factory=dict)
    """Attributes by the address of the object that they are about."""
    columns: dict[Address, list[tuple[int, str]]] = field(default_factory=dict)
    """Number and name of the columns of each table and of each composite type's attributes."""
    carriers: dict[Address, Address] = field(default_factory=dict)
    """What an object is carried by, where only the carrier says so."""
    inherited: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    """Place and OID of each parent, by the OID of the relation or index."""
    members: set[Address] = field(default_factory=set)
    """What extensions made."""
    at: dict[int, set[Address]] = field(default_factory=dict)
    """Every address with a row or a saying, by its OID."""

    def forget(self, addresses: Iterable[Address]) -> None:
        """Ensures that nothing is known of the objects at these addresses."""
        for address in addresses:
            catalog, oid, sub = address
            if (known := self.at.get(oid)) is not None:
                known.discard(address)
            self.sayings.pop(address, None)
            if catalog == "pg_class" and not sub:
                self.inherited.pop(oid, None)
            if (row := self.rows.pop(address, None)) is not None:
                self._unlink(row)

    def _unlink(self, row: Row) -> None:
        for role, other in row.links:
            if role == "carries":
                self.carriers.pop(other, None)
        if row.address[2] and not row.is_implicit:
            self.columns.pop(row.links[0][1], None)


def parse(text: str) -> Reading:
    """The rows in the statement's JSON text."""
    reading = Reading()
    add(reading, text)
    return reading


def add(reading: Reading, text: str) -> list[Address]:
    """The addresses of the rows in the statement's JSON text, which the reading now holds."""
    return [
        _see(reading, *values) if values[0] >= 0 else _hear(reading, *values)
        for values in json.loads(text)
    ]


def _see(
    reading: Reading,
    number: int,
    kind: str,
    name: str,
    oid: int,
    sub: int,
    links: list[int | None],
    is_implicit: bool,  # noqa: FBT001  # a column of the statement
    owner: str | None,
    acl: list[str] | None,
    facts: list[str | None],
) -> Address:
    """A row of a SELECT."""
    select = SELECTS[number]
    address = (select.reads, oid, sub)
    linked = tuple(_links(number, links))
    said = {
        attribute: text
        for attribute, text in zip(select.facts, facts, strict=True)
        if text is not None
    }
    grants = None if acl is None else tuple(acl)
    reading.rows[address] = Row(
        number, kind, name, address, linked, is_implicit, owner, grants, said
    )
    if sub and not is_implicit:
        reading.columns.setdefault(linked[0][1], []).append((sub, name))
    for role, other in linked:
        if role == "carries":
            reading.carriers[other] = address
    reading.at.setdefault(oid, set()).add(address)
    return address


def _links(number: int, links: list[int | None]) -> Iterator[tuple[str, Address]]:
    numbers = iter(links)
    for link in SELECTS[number].links:
        oid, sub = next(numbers), next(numbers)
        if oid:
            yield link.role, (link.catalog, oid, sub or 0)


def _hear(
    reading: Reading,
    _number: int,
    attribute: str,
    text: str,
    oid: int,
    sub: int,
    _links: None,
    _implicit: bool,  # noqa: FBT001  # a column of the statement
    catalog: str,
    _acl: None,
    _facts: None,
) -> Address:
    """A saying: its attribute stands for the kind, its catalog for the owner."""
    address = (catalog, oid, sub)
    match attribute:
        case "(inherits)":
            reading.inherited.setdefault(oid, []).append((sub, int(text)))
            return (catalog, oid, 0)
        case "(member)":
            reading.members.add(address)
        case "security label":
            provider, label = text.split(": ", 1)
            reading.sayings.setdefault(address, {})[f"{attribute} ({provider})"] = label
        case _:
            reading.sayings.setdefault(address, {})[attribute] = text
    reading.at.setdefault(oid, set()).add(address)
    return address
