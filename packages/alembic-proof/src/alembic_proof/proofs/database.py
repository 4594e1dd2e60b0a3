"""The two ways to build a database, by the models and by the history, and how to read one."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import MetaData
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from alembic_proof.catalog import Catalog, CatalogObject, read_catalog
from alembic_proof.env.server_message import server_message
from alembic_proof.errors import DatabaseError
from alembic_proof.history.environment import Environment
from alembic_proof.postgres.connect import run_on

# No such schema, type or function.
# Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
_MISSING = ("3F000", "42704", "42883")


def read_database(url: str, *, environment: Environment) -> Catalog:
    """The database's catalog without Alembic's version table."""

    def read(connection: Connection) -> Catalog:
        return read_catalog(
            connection,
            version_table=environment.version_table,
            version_schema=environment.version_schema,
        )

    return run_on(url, read)


def create_models(
    url: str, *, metadatas: tuple[MetaData, ...], like: Catalog
) -> tuple[CatalogObject, ...]:
    """Ensures that the empty database has what the models and their DDL events say.

    MetaData has no word for a schema or an extension. Where create_all() fails without, those of
    `like` are made before it; they are returned, nothing where it works by itself.

    Raises:
        DatabaseError: PostgreSQL refuses one of their statements.
    """
    try:
        _create(url, metadatas)
    except SQLAlchemyError as error:
        message = server_message(error)
        surroundings = _surroundings(like)
        if message is None or message.sqlstate not in _MISSING or not surroundings:
            raise _refused(error) from error
        try:
            _create(url, metadatas, first=map(_made_by, surroundings))
        except SQLAlchemyError as again:
            raise _refused(again) from again
        return surroundings
    return ()


def _create(url: str, metadatas: tuple[MetaData, ...], *, first: Iterable[str] = ()) -> None:
    def create(connection: Connection) -> None:
        for statement in first:
            connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
        for metadata in metadatas:
            metadata.create_all(connection, checkfirst=False)

    run_on(url, create)


def _surroundings(catalog: Catalog) -> tuple[CatalogObject, ...]:
    """The schemas and extensions that the history made, in the order in which they can be made."""
    schemas = (one for one in catalog.of_kind("schema") if one.identity != "public")
    extensions = (one for one in catalog.of_kind("extension") if one.identity != "plpgsql")
    return tuple(one for one in (*schemas, *extensions) if not one.is_implicit)


def _made_by(record: CatalogObject) -> str:
    """The statement that makes a schema or an extension; identities are quoted already."""
    if record.kind == "schema":
        return f"CREATE SCHEMA {record.identity}"
    return f"CREATE EXTENSION {record.identity} SCHEMA {record.fact('schema')}"


def _refused(error: SQLAlchemyError) -> DatabaseError:
    return DatabaseError(
        f"the models cannot be created: {error}",
        todo="mend the models or their DDL events; create_all() on an empty database must work",
    )
