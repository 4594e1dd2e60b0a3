"""The catalog of a database as frozen values: one class for all kinds of objects."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple, NewType

Kind = NewType("Kind", str)
"""The kind of an object in PostgreSQL's words: `table`, `materialized view`, `event trigger`."""
ObjectIdentity = NewType("ObjectIdentity", str)
"""The qualified and quoted name: `public.users.email`, `public.f(integer, text)`."""

COLUMN_ORDER = "column order"
"""The attribute that holds a relation's columns in physical order."""


class Key(NamedTuple):
    """The kind and qualified name of an object, unique in its database."""

    kind: Kind
    identity: ObjectIdentity

    def __str__(self) -> str:
        return f"{self.kind} {self.identity}"


def key(kind: str, identity: str) -> Key:
    """Return the key of the object of this kind and qualified name."""
    return Key(Kind(kind), ObjectIdentity(identity))


@dataclass(frozen=True, slots=True)
class CatalogObject:
    """One object: its key, its attributes as text, and the objects that it belongs to."""

    key: Key
    facts: tuple[tuple[str, str], ...]
    """(attribute, value), sorted by attribute; an attribute without a value is absent."""
    parents: tuple[Key, ...] = ()
    """The objects without which this one cannot exist."""
    origin: Key | None = None
    """The object that this one is inherited from, in a parent or partitioned table."""
    is_implicit: bool = False
    """Whether its parents imply it: only its attributes are compared, not its presence."""

    @property
    def kind(self) -> Kind:
        """The kind of object."""
        return self.key.kind

    @property
    def identity(self) -> ObjectIdentity:
        """The qualified and quoted name."""
        return self.key.identity

    def fact(self, attribute: str) -> str | None:
        """Return the attribute's value; None if the object does not have it."""
        return next((value for name, value in self.facts if name == attribute), None)

    def with_fact(self, attribute: str, value: str | None) -> CatalogObject:
        """Return the object with another value of the attribute; None removes it."""
        others = (one for one in self.facts if one[0] != attribute)
        own = () if value is None else ((attribute, value),)
        return replace(self, facts=tuple(sorted((*others, *own))))


@dataclass(frozen=True, slots=True)
class Catalog:
    """All objects that users made in one database; equal catalogs describe equal databases."""

    objects: tuple[CatalogObject, ...] = ()
    """Sorted by kind and identity, each key once."""
    major: int = field(default=0, compare=False)
    """The server's major version; 0 if no server was read."""

    @classmethod
    def of(cls, objects: Iterable[CatalogObject], *, major: int = 0) -> Catalog:
        """Return the catalog of these objects, which may come in any order."""
        return cls(tuple(sorted(objects, key=_key_of)), major)

    def find(self, key: Key) -> CatalogObject | None:
        """Return the object of that key, or None."""
        index = bisect_left(self.objects, key, key=_key_of)
        found = self.objects[index : index + 1]
        return found[0] if found and found[0].key == key else None

    def of_kind(self, kind: str) -> tuple[CatalogObject, ...]:
        """Return all objects of one kind, sorted by identity."""
        return tuple(record for record in self.objects if record.kind == kind)

    def children(self, key: Key) -> tuple[CatalogObject, ...]:
        """Return the objects that have the object of that key as a parent, sorted."""
        return tuple(record for record in self.objects if key in record.parents)


def _key_of(record: CatalogObject) -> Key:
    return record.key
