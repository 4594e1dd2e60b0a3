"""A database's catalog as frozen values: one record type for every kind of object."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, NewType

Kind = NewType("Kind", str)
"""What an object is, in PostgreSQL's words: `table`, `materialized view`, `event trigger`."""
Identity = NewType("Identity", str)
"""The qualified and quoted name: `public.users.email`, `public.f(integer, text)`."""

COLUMN_ORDER = "column order"
"""The attribute that holds a relation's columns in physical order."""


class Key(NamedTuple):
    """What tells one object of a database from all others."""

    kind: Kind
    identity: Identity

    def __str__(self) -> str:
        return f"{self.kind} {self.identity}"


def key(kind: str, identity: str) -> Key:
    """The key of the object of this kind and qualified name."""
    return Key(Kind(kind), Identity(identity))


@dataclass(frozen=True, slots=True)
class CatalogObject:
    """One object: its key and everything PostgreSQL says about it as sorted text pairs."""

    key: Key
    facts: tuple[tuple[str, str], ...]
    """(attribute, value), sorted by attribute; an attribute that says nothing is absent."""
    parents: tuple[Key, ...] = ()
    """The objects that carry this one: without any of them it cannot exist."""
    origin: Key | None = None
    """The object of an inherited-from table or partitioned table that this one follows."""
    is_implicit: bool = False
    """Exists because its parents do; only its facts are of interest, never its presence."""

    @property
    def kind(self) -> Kind:
        """What the object is."""
        return self.key.kind

    @property
    def identity(self) -> Identity:
        """Its qualified and quoted name."""
        return self.key.identity

    def fact(self, attribute: str) -> str | None:
        """The attribute's value, None where PostgreSQL says nothing."""
        return next((value for name, value in self.facts if name == attribute), None)


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything user-made in one database; equal catalogs describe equal databases."""

    objects: tuple[CatalogObject, ...] = ()
    """Sorted by kind and identity, each key once."""
    major: int = field(default=0, compare=False)
    """The server's major version; 0 where the catalog was made without a server."""

    @classmethod
    def of(cls, objects: Iterable[CatalogObject], *, major: int = 0) -> Catalog:
        """The catalog that holds these objects, in whatever order they come."""
        return cls(tuple(sorted(objects, key=_key_of)), major)

    def find(self, key: Key) -> CatalogObject | None:
        """The object of that key, None where there is none."""
        place = bisect_left(self.objects, key, key=_key_of)
        found = self.objects[place : place + 1]
        return found[0] if found and found[0].key == key else None

    def of_kind(self, kind: str) -> tuple[CatalogObject, ...]:
        """All objects of one kind, sorted by identity."""
        return tuple(record for record in self.objects if record.kind == kind)

    def children(self, key: Key) -> tuple[CatalogObject, ...]:
        """The objects that the object of that key carries, sorted."""
        return tuple(record for record in self.objects if key in record.parents)


def _key_of(record: CatalogObject) -> Key:
    return record.key
