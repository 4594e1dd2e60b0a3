"""Read the catalog of a database as frozen values, and compare two catalogs.

Example:
    before = read_catalog(connection)
    connection.exec_driver_sql("ALTER TABLE users ADD COLUMN email text")
    [change] = diff(before, read_catalog(connection))
    assert str(change) == "column public.users.email: unexpected"
"""

from __future__ import annotations

from alembic_proof.catalog.diff import KINDS, NOTHING, Change, diff
from alembic_proof.catalog.model import Catalog, CatalogObject, Key, Kind, ObjectIdentity, key
from alembic_proof.catalog.read import CatalogReader, read_catalog, read_snapshot
from alembic_proof.catalog.snapshot import Dependency, Snapshot

__all__ = [
    "KINDS",
    "NOTHING",
    "Catalog",
    "CatalogObject",
    "CatalogReader",
    "Change",
    "Dependency",
    "Key",
    "Kind",
    "ObjectIdentity",
    "Snapshot",
    "diff",
    "key",
    "read_catalog",
    "read_snapshot",
]
