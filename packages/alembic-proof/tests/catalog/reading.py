"""A reading that follows, beside a whole one."""

from __future__ import annotations

from alembic_proof.catalog import Catalog, CatalogReader, diff, read_catalog

from .conftest import Database


def commit(database: Database, *statements: str) -> None:
    """Run the statements, and end their transaction."""
    database.execute(*statements)
    database.commit()


def read_both(database: Database, reader: CatalogReader, *, after: str) -> Catalog:
    """What the reader and a whole reading both see; the reader has followed what was touched."""
    found = database.run(reader.read)
    assert reader.lasting is not None, f"after {after} nothing is followed"
    whole = database.run(read_catalog)
    assert [str(change) for change in diff(whole, found)] == [], after
    assert found == whole, after
    return found
