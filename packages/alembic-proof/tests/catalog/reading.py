"""Compare incremental readings with full ones."""

from __future__ import annotations

from alembic_proof.catalog import Catalog, CatalogReader, diff

from .conftest import Database


def commit(database: Database, *statements: str) -> None:
    """Run the statements and commit."""
    database.execute(*statements)
    database.commit()


def read_both(database: Database, reader: CatalogReader, *, after: str) -> Catalog:
    """Return the catalog, which an incremental and a full reading must agree on.

    :param after: the last action, for the message of a failure.
    """
    return compare(database.run(reader.read), database.read(), reader, after=after)


def compare(found: Catalog, whole: Catalog, reader: CatalogReader, *, after: str) -> Catalog:
    """Return the catalog that the reader found, which must equal that of a full reading."""
    assert reader.session_settings is not None, f"after {after} the reading was not incremental"
    assert [str(change) for change in diff(whole, found)] == [], after
    assert found == whole, after
    return found
