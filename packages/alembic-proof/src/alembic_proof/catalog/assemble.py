"""The statement's JSON text -> a Catalog; everything that needs no server."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from alembic_proof.catalog.acl import grants
from alembic_proof.catalog.model import COLUMN_ORDER, Catalog, CatalogObject, Key, key
from alembic_proof.catalog.names import Names
from alembic_proof.catalog.queries.relations import PARTITION_BOUND
from alembic_proof.catalog.rows import Row, parse

_PARENTAL = frozenset({"scope", "holder", "parent"})
_INDEX_HEAD = "CREATE {unique}INDEX {name} ON {only}{table} "


def assemble(
    text: str, *, major: int, version_table: str, version_schema: str | None = None
) -> Catalog:
    """The catalog that the statement's text describes, Alembic's version table left out."""
    with without_collection():
        names = Names(parse(text))
        names.leave_out(version_table, schema=version_schema)
        assembly = Assembly(names, major)
        objects = (assembly.object(row) for row in names.reading.rows.values())
        return Catalog.of((record for record in objects if record is not None), major=major)


@contextmanager
def without_collection() -> Iterator[None]:
    """No search for cycles: there are none, and at 1,000 tables it took half of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@dataclass(frozen=True, slots=True)
class Assembly:
    """What is needed to make a record of a row."""

    names: Names
    major: int

    def object(self, row: Row) -> CatalogObject | None:
        """The record; None for what is left out and for an implicit object that says nothing."""
        own = self.names.key(row.address)
        if own is None or row.address in self.names.reading.members:
            return None
        facts = self._facts(row)
        if row.is_implicit and not facts:
            return None
        parents = self._parents(row)
        above = self._above(row)
        if above and row.kind in ("table", "foreign table"):
            facts = _inheritance(facts, above)
            parents += above
        elif "definition" in facts and row.kind == "index":
            facts = facts | _bare_index(facts["definition"], row=row, table=parents[1])
        return CatalogObject(
            own,
            tuple(sorted(facts.items())),
            parents=tuple(dict.fromkeys(parents)),
            origin=above[0] if above and row.kind == "index" else self._origin(row, own),
            is_implicit=row.is_implicit,
        )

    def _above(self, row: Row) -> list[Key]:
        """What a table or an index inherits from."""
        catalog, oid, sub = row.address
        is_heir = catalog == "pg_class" and sub == 0 and oid in self.names.reading.inherited
        return self.names.parents(oid) if is_heir else []

    def _facts(self, row: Row) -> dict[str, str]:
        reading = self.names.reading
        facts = row.facts
        if (said := reading.sayings.get(row.address)) is not None:
            facts = facts | said
        if row.acl is not None:
            owner = row.owner or ""
            facts = facts | grants(row.acl, owner=owner, kind=row.kind, major=self.major)
        if (columns := reading.columns.get(row.address)) is not None:
            facts = facts | {COLUMN_ORDER: ", ".join(name for _, name in sorted(columns))}
        return facts

    def _parents(self, row: Row) -> list[Key]:
        linked = [at for role, at in row.links if role in _PARENTAL]
        if (carrier := self.names.reading.carriers.get(row.address)) is not None:
            linked.append(carrier)
        return [found for at in linked if (found := self.names.key(at)) is not None]

    def _origin(self, row: Row, own: Key) -> Key | None:
        for role, address in row.links:
            if role == "origin":
                return self.names.key(address)
            if role == "heir":
                return self._namesake(row, own, relation=address[1])
        return None

    def _namesake(self, row: Row, own: Key, *, relation: int) -> Key | None:
        """The object of that name in the first parent; what PostgreSQL says is inherited is there."""
        above = self.names.parents(relation)
        return key(own.kind, f"{above[0].identity}.{row.name}") if above else None


def _inheritance(facts: dict[str, str], above: list[Key]) -> dict[str, str]:
    """The facts with what the table is a partition of, or else inherits."""
    if (bound := facts.get(PARTITION_BOUND)) is None:
        return {**facts, "inherits": ", ".join(one.identity for one in above)}
    others = {name: text for name, text in facts.items() if name != PARTITION_BOUND}
    return {**others, "partition of": f"{above[0].identity} {bound}"}


def _bare_index(definition: str, *, row: Row, table: Key) -> dict[str, str]:
    """The definition without name and table: a partition's index reads like the one it follows."""
    unique = "UNIQUE " if definition.startswith("CREATE UNIQUE ") else ""
    heads = (
        _INDEX_HEAD.format(unique=unique, name=row.name, only=only, table=table.identity)
        for only in ("ONLY ", "")
    )
    head = next(one for one in heads if definition.startswith(one))
    return {"definition": unique + definition.removeprefix(head), "table": table.identity}
