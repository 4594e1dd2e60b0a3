"""Indexes and constraints that two catalogs have in the same form, under different names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from alembic_proof.catalog import Catalog, CatalogObject, Change, Key
from alembic_proof.catalog.names import split_name

_KINDS = ("constraint", "index")
_INDEX_NAME = re.compile(r'(?<= INDEX )(?:"(?:[^"]|"")*"|[^" ]+)(?= ON )')

_Form = tuple[str, tuple[Key, ...], tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Renamed:
    """One object, as the first catalog calls it and as the second one does."""

    before: CatalogObject
    after: CatalogObject

    @property
    def table(self) -> str:
        """Return the qualified name of its table or materialized view."""
        parents = self.before.parents
        return next((one for one in parents if one.kind != "schema"), parents[0]).identity

    @property
    def names(self) -> tuple[str, str]:
        """Return both names, quoted where they must be, without a schema or a table."""
        return split_name(self.before.identity)[-1], split_name(self.after.identity)[-1]

    @property
    def reversed(self) -> Renamed:
        """Return the same objects with the two catalogs exchanged."""
        return Renamed(self.after, self.before)

    @property
    def sql(self) -> str:
        """Return the statement that gives the second object the name of the first."""
        name, other = self.names
        if self.before.kind == "index":
            return f"ALTER INDEX {self.after.identity} RENAME TO {name}"
        return f"ALTER TABLE {self.table} RENAME CONSTRAINT {other} TO {name}"


def split_renamed(
    changes: Iterable[Change], *, before: Catalog, after: Catalog
) -> tuple[tuple[Renamed, ...], tuple[Change, ...]]:
    """Return what is only called otherwise, and the changes that are left.

    Where several objects have the same form, which one is which cannot be known: they are left.
    """
    listed = tuple(changes)
    missing = _by_form((one.key for one in listed if one.is_missing), before)
    unexpected = _by_form((one.key for one in listed if one.is_unexpected), after)
    renamed = tuple(
        Renamed(found[0], unexpected[form][0])
        for form, found in missing.items()
        if len(found) == len(unexpected.get(form, ())) == 1
    )
    paired = {key for one in renamed for key in (one.before.key, one.after.key)}
    return renamed, tuple(one for one in listed if one.key not in paired)


def _by_form(keys: Iterable[Key], catalog: Catalog) -> dict[_Form, list[CatalogObject]]:
    """Return the indexes and constraints of tables by what they are apart from their names."""
    forms: dict[_Form, list[CatalogObject]] = {}
    for key in keys:
        found = catalog.find(key) if key.kind in _KINDS else None
        if found is not None and found.parents:
            facts = tuple((name, _INDEX_NAME.sub("…", value)) for name, value in found.facts)
            forms.setdefault((found.kind, found.parents, facts), []).append(found)
    return forms
