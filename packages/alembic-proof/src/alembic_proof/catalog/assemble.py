"""Rows of the catalog statement -> a Catalog; everything that needs no server."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from alembic_proof.catalog.acl import grants
from alembic_proof.catalog.model import COLUMN_ORDER, Catalog, CatalogObject, Key, key

Fact = tuple[str, str]


class Row(NamedTuple):
    """One row of the statement; the address (class, oid, sub) ends here."""

    kind: str
    identity: str
    catalog: str
    oid: int | str
    sub: int
    parents: list[str | None] | None
    origin: list[str | None] | None
    is_implicit: bool
    owner: str | None
    acl: list[str] | None
    facts: list[str | None] | None

    @property
    def address(self) -> tuple[str, str, int]:
        """What a comment names its object by."""
        return self.catalog, str(self.oid), self.sub


def assemble(text: str, *, major: int) -> Catalog:
    """The catalog that the statement's JSON text describes."""
    rows = [Row(*row) for row in json.loads(text)]
    comments = {row.address: row.identity for row in rows if row.kind == "comment"}
    named = [row for row in rows if row.kind != "comment"]
    orders = _column_orders(named)
    objects = (_object(row, comments=comments, orders=orders, major=major) for row in named)
    return Catalog.of(_without_silent(objects), major=major)


def _object(
    row: Row, *, comments: dict[tuple[str, str, int], str], orders: dict[Key, str], major: int
) -> CatalogObject:
    facts = list(_pairs(row.facts or []))
    if row.acl is not None:
        facts += grants(tuple(row.acl), owner=row.owner or "", kind=row.kind, major=major)
    if (comment := comments.get(row.address)) is not None:
        facts.append(("comment", comment))
    if (order := orders.get(key(row.kind, row.identity))) is not None:
        facts.append((COLUMN_ORDER, order))
    origin = tuple(_keys(row.origin or []))
    return CatalogObject(
        key(row.kind, row.identity),
        tuple(sorted(facts)),
        parents=tuple(_keys(row.parents or [])),
        origin=origin[0] if origin else None,
        is_implicit=row.is_implicit,
    )


def _pairs(flat: list[str | None]) -> Iterator[Fact]:
    for name, value in zip(flat[::2], flat[1::2], strict=True):
        if name is not None and value is not None:
            yield name, value


def _keys(flat: list[str | None]) -> Iterator[Key]:
    for kind, identity in zip(flat[::2], flat[1::2], strict=True):
        if kind is not None and identity is not None:
            yield key(kind, identity)


def _column_orders(rows: list[Row]) -> dict[Key, str]:
    """The names of each relation's own columns in their physical order."""
    numbered: dict[Key, list[tuple[int, str]]] = {}
    for row in rows:
        if row.kind in ("column", "attribute") and not row.is_implicit:
            relation = next(_keys(row.parents or []))
            name = row.identity[len(relation.identity) + 1 :]
            numbered.setdefault(relation, []).append((row.sub, name))
    return {at: ", ".join(name for _, name in sorted(names)) for at, names in numbered.items()}


def _without_silent(objects: Iterable[CatalogObject]) -> Iterator[CatalogObject]:
    """All but the implicit objects of which nothing is said."""
    for record in objects:
        if record.facts or not record.is_implicit:
            yield replace(record, parents=tuple(dict.fromkeys(record.parents)))
