"""The reader on a driver that is in a transaction of which SQLAlchemy knows nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from alembic_proof.catalog import CatalogReader, read_catalog
from alembic_proof.postgres.url import DatabaseUrl

pytest.importorskip("psycopg")


def test_a_transaction_that_the_driver_was_left_in_is_read_in(scratch_url: str) -> None:
    """SQLAlchemy 1.4 begins none for a SELECT outside of a transaction, psycopg does."""
    url = replace(DatabaseUrl.parse(scratch_url), driver="psycopg").sqlalchemy_url
    reader = CatalogReader()
    with sa.create_engine(url).connect() as connection:
        empty = reader.read(connection)
        with connection.begin():
            connection.exec_driver_sql("CREATE TABLE users (id integer)")
        driver = connection.connection.dbapi_connection
        assert driver is not None
        driver.cursor().execute("SELECT 1")

        found = reader.read(connection)
        connection.rollback()

        assert found == read_catalog(connection) != empty
