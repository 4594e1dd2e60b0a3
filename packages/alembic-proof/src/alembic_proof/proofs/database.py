"""The two ways to build a database, by the models and by the history, and how to read one."""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from alembic_proof.catalog import Catalog, read_catalog
from alembic_proof.errors import DatabaseError
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


def create_models(url: str, *, metadatas: tuple[MetaData, ...]) -> None:
    """Ensures that the empty database has what the models and their DDL events say.

    Raises:
        DatabaseError: PostgreSQL refuses one of their statements.
    """

    def create(connection: Connection) -> None:
        for metadata in metadatas:
            metadata.create_all(connection, checkfirst=False)

    try:
        run_on(url, create)
    except SQLAlchemyError as error:
        raise DatabaseError(
            f"the models cannot be created: {error}",
            todo="mend the models or their DDL events; create_all() on an empty database must work",
        ) from error
