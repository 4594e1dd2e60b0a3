"""One attribute of one object on its way from one value to another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from alembic_proof.catalog.model import Catalog, CatalogObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Alteration:
    """What a setter turns into statements."""

    record: CatalogObject
    """The object as it shall be."""
    catalog: Catalog
    """The catalog as it shall be."""
    attribute: str
    before: str | None
    after: str | None
    old: CatalogObject | None = None
    """The object as it is; None while it is being made."""

    @property
    def owner(self) -> str:
        """Who owns the object, or the table that it belongs to; empty where nobody is known."""
        return _owner_of(self.record, self.catalog)


def _owner_of(record: CatalogObject, catalog: Catalog) -> str:
    """The nearest owner: a column's is its table's, a table's is not its schema's."""
    if (owner := record.fact("owner")) is not None:
        return owner
    parents = (catalog.find(key) for key in reversed(record.parents))
    return next((_owner_of(parent, catalog) for parent in parents if parent is not None), "")


Setter = Callable[[Alteration], tuple[str, ...]]
"""The statements that give the attribute its new value; none where PostgreSQL has no way."""
