"""How objects are called: their keys, from their addresses, and the names that SQL and keys are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from alembic_proof.catalog.model import Key, key
from alembic_proof.catalog.rows import Address, Reading, Row

_CLASS = "pg_class"
_SPACE = "pg_namespace"

NAME = r'(?:"(?:[^"]|"")+"|[\w$]+)'
"""The pattern of one name in a statement."""
_PART = re.compile(r'"(?:[^"]|"")*"|[^".]+')


def split_name(name: str) -> list[str]:
    """Return the parts of a qualified name, quoted where they are: `a."B.c"` as `a` and `"B.c"`."""
    return _PART.findall(name)


def unquoted(name: str) -> str:
    """Return the raw name of one that is quoted where it must be."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


@dataclass(frozen=True, slots=True)
class Names:
    """The keys of the objects of one reading."""

    reading: Reading
    known: dict[Address, Key | None] = field(default_factory=dict)
    """None for what is left out."""

    def key(self, address: Address) -> Key | None:
        """The key of the object at that address, None for what is unknown or left out."""
        try:
            return self.known[address]
        except KeyError:
            found = self.known[address] = self._found(address)
            return found

    def _found(self, address: Address) -> Key | None:
        row = self.reading.rows.get(address)
        is_member = address in self.reading.members and address[0] != _SPACE
        return None if row is None or is_member else self._made(row)

    def _made(self, row: Row) -> Key | None:
        identity = row.name
        for role, address in row.links:
            if role not in ("scope", "holder"):
                continue
            found = self.key(address)
            if found is None:
                return None
            if role == "scope":
                identity = f"{found.identity}.{identity}"
        return key(row.kind, identity)

    def parents(self, relation: int) -> list[Key]:
        """What a relation or an index inherits from, in order."""
        numbered = sorted(self.reading.inherited.get(relation, ()))
        found = (self.key((_CLASS, oid, 0)) for _, oid in numbered)
        return [one for one in found if one is not None]

    def leave_out(
        self, table: str, *, schema: str | None, among: Iterable[Address] | None = None
    ) -> None:
        """Forget Alembic's table: by schema and name, or by name and its one column."""
        rows = self.reading.rows
        for address in rows if among is None else among:
            row = rows.get(address)
            if row is None or row.kind != "table" or unquoted(row.name) != table:
                continue
            names = [name for _, name in self.reading.columns.get(address, ())]
            is_in = schema is not None and self._schema_of(row) == schema
            if is_in or (schema is None and names == ["version_num"]):
                self.known[address] = None

    def _schema_of(self, row: Row) -> str:
        found = next(self.key(address) for role, address in row.links if role == "scope")
        return "" if found is None else unquoted(found.identity)
