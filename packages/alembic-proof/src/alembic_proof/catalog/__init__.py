"""What PostgreSQL says is in a database, as values that can be compared."""

from __future__ import annotations

from alembic_proof.catalog.change import Change
from alembic_proof.catalog.diff import diff
from alembic_proof.catalog.kinds import KINDS
from alembic_proof.catalog.model import Catalog, CatalogObject, Identity, Key, Kind, key
from alembic_proof.catalog.read import read_catalog
from alembic_proof.catalog.reader import CatalogReader

__all__ = [
    "KINDS",
    "Catalog",
    "CatalogObject",
    "CatalogReader",
    "Change",
    "Identity",
    "Key",
    "Kind",
    "diff",
    "key",
    "read_catalog",
]
