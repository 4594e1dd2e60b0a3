"""Parse the JSON text of the catalog statement into a Catalog, without a connection.

The text becomes a RawCatalog, whose rows name one another by OID; ObjectNames turns their addresses
into keys, and ObjectBuilder makes one CatalogObject of each row. No OID reaches an object.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from alembic_deploy.backfill.checkpoint import CHECKPOINT_COLUMNS, CHECKPOINTS
from alembic_proof.catalog.acl import grants
from alembic_proof.catalog.model import COLUMN_ORDER, Catalog, CatalogObject, Key, key
from alembic_proof.catalog.queries.statement import OBJECT_QUERIES
from alembic_proof.catalog.queries.tables import PARTITION_BOUND
from alembic_proof.sql import unquote_identifier

Address = tuple[str, int, int]
"""Catalog, OID and column number (0 for no column), as in pg_depend."""

_PARENT_ROLES = frozenset({"qualifier", "table", "parent"})
_INDEX_HEAD = "CREATE {unique}INDEX {name} ON {only}{table} "


def parse_catalog(
    text: str, *, major: int, version_table: str, version_schema: str | None = None
) -> Catalog:
    """Return the catalog that the statement's text describes, without Alembic's version table.

    :param text: a JSON array of rows, see `queries.statement`.
    :param version_schema: the schema of the version table; None finds it by name and columns.
    """
    catalog, _ = parse_with_names(
        text, major=major, version_table=version_table, version_schema=version_schema
    )
    return catalog


def parse_with_names(
    text: str, *, major: int, version_table: str, version_schema: str | None = None
) -> tuple[Catalog, ObjectNames]:
    """Return what `parse_catalog` returns, and the keys of the objects by their addresses."""
    with without_gc():
        names = ObjectNames(parse_rows(text))
        names.exclude_version_table(version_table, schema=version_schema)
        builder = ObjectBuilder(names, major)
        objects = (builder.build(row) for row in names.raw.rows.values())
        return Catalog.of((one for one in objects if one is not None), major=major), names


@contextmanager
def without_gc() -> Iterator[None]:
    """Disable the garbage collector, which takes half of the time for a thousand tables."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class CatalogRow(NamedTuple):
    """The row of one object."""

    number: int
    kind: str
    name: str
    address: Address
    links: tuple[tuple[str, Address], ...]
    """Role and address of the objects that it is linked to (`object_query.Role`)."""
    is_implicit: bool
    owner: str | None
    acl: tuple[str, ...] | None
    facts: dict[str, str]


@dataclass(frozen=True, slots=True)
class RawCatalog:
    """All rows of a reading."""

    rows: dict[Address, CatalogRow] = field(default_factory=dict)
    attributes: dict[Address, dict[str, str]] = field(default_factory=dict)
    """The results of the AttributeQueries by the address of their object."""
    columns: dict[Address, list[tuple[int, str]]] = field(default_factory=dict)
    """Number and name of each column, by the address of the table or composite type."""
    owners: dict[Address, Address] = field(default_factory=dict)
    """The object that owns another one, by the address of the owned one."""
    parents: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    """Sequence number and OID of each parent, by the OID of the inheriting table or index."""
    extension_members: set[Address] = field(default_factory=set)
    addresses_by_oid: dict[int, set[Address]] = field(default_factory=dict)

    def remove(self, addresses: Iterable[Address]) -> None:
        """Remove the rows and attributes of the objects at these addresses."""
        for address in addresses:
            catalog, oid, sub = address
            if (known := self.addresses_by_oid.get(oid)) is not None:
                known.discard(address)
            self.attributes.pop(address, None)
            if catalog == "pg_class" and not sub:
                self.parents.pop(oid, None)
            if (row := self.rows.pop(address, None)) is not None:
                self._unlink(row)

    def _unlink(self, row: CatalogRow) -> None:
        for role, other in row.links:
            if role == "owned":
                self.owners.pop(other, None)
        if row.address[2] and not row.is_implicit:
            self.columns.pop(row.links[0][1], None)


def parse_rows(text: str) -> RawCatalog:
    """Return the rows in the statement's JSON text."""
    raw = RawCatalog()
    add_rows(raw, text)
    return raw


def add_rows(raw: RawCatalog, text: str) -> list[Address]:
    """Add the rows in the statement's JSON text, and return their objects' addresses."""
    return [
        _add_object(raw, *values) if values[0] >= 0 else _add_attribute(raw, *values)
        for values in json.loads(text)
    ]


def _add_object(
    raw: RawCatalog,
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
    """Add a row of an ObjectQuery."""
    query = OBJECT_QUERIES[number]
    address = (query.reads, oid, sub)
    linked = tuple(_links(number, links))
    present = {
        attribute: text
        for attribute, text in zip(query.facts, facts, strict=True)
        if text is not None
    }
    items = None if acl is None else tuple(acl)
    raw.rows[address] = CatalogRow(
        number, kind, name, address, linked, is_implicit, owner, items, present
    )
    if sub and not is_implicit:
        raw.columns.setdefault(linked[0][1], []).append((sub, name))
    for role, other in linked:
        if role == "owned":
            raw.owners[other] = address
    raw.addresses_by_oid.setdefault(oid, set()).add(address)
    return address


def _links(number: int, links: list[int | None]) -> Iterator[tuple[str, Address]]:
    numbers = iter(links)
    for link in OBJECT_QUERIES[number].links:
        oid, sub = next(numbers), next(numbers)
        if oid:
            yield link.role, (link.catalog, oid, sub or 0)


def _add_attribute(
    raw: RawCatalog,
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
    """Add a row of an AttributeQuery."""
    address = (catalog, oid, sub)
    match attribute:
        case "(inherits)":
            raw.parents.setdefault(oid, []).append((sub, int(text)))
            return (catalog, oid, 0)
        case "(member)":
            raw.extension_members.add(address)
        case "security label":
            provider, label = text.split(": ", 1)
            raw.attributes.setdefault(address, {})[f"{attribute} ({provider})"] = label
        case _:
            raw.attributes.setdefault(address, {})[attribute] = text
    raw.addresses_by_oid.setdefault(oid, set()).add(address)
    return address


@dataclass(frozen=True, slots=True)
class ObjectNames:
    """The keys of the objects of a RawCatalog."""

    raw: RawCatalog
    known: dict[Address, Key | None] = field(default_factory=dict)
    """The keys found so far; None for an object that is left out."""

    def key(self, address: Address) -> Key | None:
        """Return the key of the object at that address; None if it is unknown or left out."""
        try:
            return self.known[address]
        except KeyError:
            found = self.known[address] = self._find(address)
            return found

    def _find(self, address: Address) -> Key | None:
        row = self.raw.rows.get(address)
        is_member = address in self.raw.extension_members and address[0] != "pg_namespace"
        return None if row is None or is_member else self._qualify(row)

    def _qualify(self, row: CatalogRow) -> Key | None:
        identity = row.name
        for role, address in row.links:
            if role not in ("qualifier", "table"):
                continue
            found = self.key(address)
            if found is None:
                return None
            if role == "qualifier":
                identity = f"{found.identity}.{identity}"
        return key(row.kind, identity)

    def parents(self, relation: int) -> list[Key]:
        """Return the keys of the parents of a table or index with that OID, in order."""
        numbered = sorted(self.raw.parents.get(relation, ()))
        found = (self.key(("pg_class", oid, 0)) for _, oid in numbered)
        return [one for one in found if one is not None]

    def exclude_version_table(
        self, table: str, *, schema: str | None, among: Iterable[Address] | None = None
    ) -> None:
        """Leave out Alembic's version table, and the checkpoints of backfills beside it.

        Without a schema, it is any table of that name with exactly these columns.

        :param among: the addresses to look at; None for all.
        """
        rows = self.raw.rows
        for address in rows if among is None else among:
            row = rows.get(address)
            if row is None or row.kind != "table":
                continue
            name = unquote_identifier(row.name)
            if name not in (table, CHECKPOINTS):
                continue
            own = ("version_num",) if name == table else CHECKPOINT_COLUMNS
            columns = tuple(name for _, name in sorted(self.raw.columns.get(address, ())))
            is_in_schema = schema is not None and self._schema_of(row) == schema
            if (is_in_schema and name == table) or (
                columns == own and (schema is None or is_in_schema)
            ):
                self.known[address] = None

    def _schema_of(self, row: CatalogRow) -> str:
        found = next(self.key(address) for role, address in row.links if role == "qualifier")
        return "" if found is None else unquote_identifier(found.identity)


@dataclass(frozen=True, slots=True)
class ObjectBuilder:
    """Makes CatalogObjects of rows."""

    names: ObjectNames
    major: int

    def build(self, row: CatalogRow) -> CatalogObject | None:
        """Return the row's object.

        None if it is left out, belongs to an extension, or is implicit and has no attributes.
        """
        own = self.names.key(row.address)
        if own is None or row.address in self.names.raw.extension_members:
            return None
        facts = self._facts(row)
        if row.is_implicit and not facts:
            return None
        parents = self._parents(row)
        inherited = self._inherited_from(row)
        if inherited and row.kind in ("table", "foreign table"):
            facts = _inheritance(facts, inherited)
            parents += inherited
        elif "definition" in facts and row.kind == "index":
            facts = facts | _bare_index(facts["definition"], row=row, table=parents[1])
        is_inherited_index = bool(inherited) and row.kind == "index"
        return CatalogObject(
            own,
            tuple(sorted(facts.items())),
            parents=tuple(dict.fromkeys(parents)),
            origin=inherited[0] if is_inherited_index else self._origin(row, own),
            is_implicit=row.is_implicit,
        )

    def _inherited_from(self, row: CatalogRow) -> list[Key]:
        """Return the parents that a table or an index inherits from; none for other kinds."""
        catalog, oid, sub = row.address
        inherits = catalog == "pg_class" and sub == 0 and oid in self.names.raw.parents
        return self.names.parents(oid) if inherits else []

    def _facts(self, row: CatalogRow) -> dict[str, str]:
        raw = self.names.raw
        facts = row.facts
        if (attributes := raw.attributes.get(row.address)) is not None:
            facts = facts | attributes
        if row.acl is not None:
            owner = row.owner or ""
            facts = facts | grants(row.acl, owner=owner, kind=row.kind, major=self.major)
        if (columns := raw.columns.get(row.address)) is not None:
            facts = facts | {COLUMN_ORDER: ", ".join(name for _, name in sorted(columns))}
        return facts

    def _parents(self, row: CatalogRow) -> list[Key]:
        linked = [address for role, address in row.links if role in _PARENT_ROLES]
        if (owner := self.names.raw.owners.get(row.address)) is not None:
            linked.append(owner)
        return [found for address in linked if (found := self.names.key(address)) is not None]

    def _origin(self, row: CatalogRow, own: Key) -> Key | None:
        for role, address in row.links:
            if role == "origin":
                return self.names.key(address)
            if role == "inheriting_relation":
                return self._origin_by_name(row, own, relation=address[1])
        return None

    def _origin_by_name(self, row: CatalogRow, own: Key, *, relation: int) -> Key | None:
        """Return the key of the first parent's object of the same name.

        PostgreSQL requires that inherited columns and constraints have the same name.
        """
        parents = self.names.parents(relation)
        return key(own.kind, f"{parents[0].identity}.{row.name}") if parents else None


def _inheritance(facts: dict[str, str], parents: list[Key]) -> dict[str, str]:
    """Return the facts with `partition of` or `inherits`."""
    if (bound := facts.get(PARTITION_BOUND)) is None:
        return {**facts, "inherits": ", ".join(parent.identity for parent in parents)}
    others = {name: text for name, text in facts.items() if name != PARTITION_BOUND}
    return {**others, "partition of": f"{parents[0].identity} {bound}"}


def _bare_index(definition: str, *, row: CatalogRow, table: Key) -> dict[str, str]:
    """Return the definition without the names, so that it equals that of the parent's index."""
    unique = "UNIQUE " if definition.startswith("CREATE UNIQUE ") else ""
    heads = (
        _INDEX_HEAD.format(unique=unique, name=row.name, only=only, table=table.identity)
        for only in ("ONLY ", "")
    )
    head = next(one for one in heads if definition.startswith(one))
    return {"definition": unique + definition.removeprefix(head), "table": table.identity}
