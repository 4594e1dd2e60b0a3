"""Which tables two catalogs tell apart: only these have to be read again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from alembic_proof.catalog import Catalog, CatalogObject, Key
from alembic_proof.rows import TableName

_TYPES = frozenset({"collation", "composite type", "domain", "enum", "extension", "range", "type"})
"""What a table's columns are made of: where one changes, any table may."""


@dataclass(frozen=True, slots=True)
class Touched:
    """Names of tables; `is_any` where it cannot be said which."""

    tables: frozenset[TableName] = frozenset()
    gone: frozenset[TableName] = frozenset()
    """Those that are not there any more, or under another name."""
    is_any: bool = False
    is_function: bool = False
    """Whether a function is another one: what it computes may be as well."""


def touched(before: Catalog, after: Catalog) -> Touched:
    """The tables that differ themselves or in something that they carry."""
    changed = [*_only_in(before, after), *_only_in(after, before)]
    tables = {name for catalog, record in changed for name in _tables_of(record, catalog)}
    gone = {
        TableName(record.identity)
        for catalog, record in changed
        if record.kind == "table" and catalog is before and after.find(record.key) is None
    }
    is_any = any(_is_changed_type(record, before, after) for _, record in changed)
    is_function = any(record.kind == "function" for _, record in changed)
    return Touched(frozenset(tables), frozenset(gone), is_any, is_function)


def _only_in(one: Catalog, other: Catalog) -> Iterator[tuple[Catalog, CatalogObject]]:
    """The objects that the other has not, or has otherwise."""
    known = {record.key: record for record in other.objects}
    for record in one.objects:
        twin = known.get(record.key)
        if twin is not record and twin != record:
            yield one, record


def _is_changed_type(record: CatalogObject, before: Catalog, after: Catalog) -> bool:
    """Whether it is, or belongs to, a type that is in both: with a new one its columns are new."""
    return any(
        key.kind in _TYPES and before.find(key) is not None and after.find(key) is not None
        for key in (record.key, *record.parents)
    )


def _tables_of(record: CatalogObject, catalog: Catalog) -> Iterator[TableName]:
    """The table that the object is, or that carries it; of a partition those above as well."""
    waiting: list[Key] = [record.key]
    while waiting:
        key = waiting.pop()
        if key.kind == "table":
            yield TableName(key.identity)
        found = catalog.find(key)
        waiting += found.parents if found is not None else ()
