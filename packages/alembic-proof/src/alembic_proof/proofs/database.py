"""A database as a proof reads it."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from alembic_proof.catalog import Catalog, read_catalog
from alembic_proof.history.environment import Environment
from alembic_proof.postgres.connect import run_on


def read_database(url: str, *, environment: Environment) -> Catalog:
    """The database's catalog without Alembic's version table."""

    def read(connection: Connection) -> Catalog:
        return read_catalog(
            connection,
            version_table=environment.version_table,
            version_schema=environment.version_schema,
        )

    return run_on(url, read)
