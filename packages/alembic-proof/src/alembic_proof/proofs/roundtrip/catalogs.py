"""The one place where the walk reads a catalog."""

from __future__ import annotations

from alembic_proof.catalog import Catalog, read_catalog
from alembic_proof.history.walk import Ground


def read_ground(ground: Ground) -> Catalog:
    """The catalog of the database that the walk is in."""
    return read_catalog(
        ground.connection,
        version_table=ground.version_table,
        version_schema=ground.version_schema,
    )
