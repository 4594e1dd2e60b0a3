"""A scratch database that the models create, with objects that other libraries declare beside MetaData.

alembic_utils keeps views, functions and triggers in a registry of its own,
sqlalchemy-declarative-extensions in `metadata.info`. Neither is imported here: a library that the
project has not imported has nothing declared.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import chain
from typing import Any

from sqlalchemy import MetaData, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.sql import Executable

from alembic_deploy.connect import run_on
from alembic_deploy.errors import DatabaseError
from alembic_deploy.python_errors import describe
from alembic_deploy.server_message import ServerMessage, server_message, sqlstate_of
from alembic_proof.catalog import Catalog, CatalogObject, Snapshot, key
from alembic_proof.history.env_py import Environment
from alembic_proof.proofs.autogenerate_filters import exclude
from alembic_proof.proofs.database_state import snapshot_of
from alembic_proof.proofs.scope import Models, Rules, refuse_empty
from alembic_proof.sql import Sqlstate, quote_if_needed

_MISSING = (Sqlstate.INVALID_SCHEMA_NAME, Sqlstate.UNDEFINED_OBJECT, Sqlstate.UNDEFINED_FUNCTION)
"""SQLSTATEs of a schema, a type and a function that do not exist."""
_EXISTS = (Sqlstate.DUPLICATE_SCHEMA, Sqlstate.DUPLICATE_OBJECT, Sqlstate.DUPLICATE_TABLE)
"""SQLSTATEs of a schema, an object and a table that exist already."""

_Created = tuple[CatalogObject, ...]


def read_models(
    environment: Environment,
    history: Snapshot,
    *,
    rules: Rules,
    history_url: str,
    models_url: str,
) -> Models:
    """Create the models in an empty database, and return what concerns them.

    :param history: the database of the history at head.
    :param history_url: its URL.
    :param models_url: an empty scratch database.
    :raises HistoryError: the models have no table, or a filter of env.py cannot run.
    :raises DatabaseError: the models cannot be created.
    """
    refuse_empty(environment, history.catalog, rules=rules)
    given = create_models(
        models_url,
        metadatas=environment.models,
        like=history.catalog,
    )
    return Models(
        snapshot=snapshot_of(models_url, environment=environment),
        rules=rules,
        excluded=exclude(environment, models_url=models_url, history_url=history_url),
        given=given,
    )


def create_models(
    url: str,
    *,
    metadatas: tuple[MetaData, ...],
    like: Catalog,
) -> _Created:
    """Create in the empty database what the models, their DDL events and registries declare.

    MetaData cannot declare schemas and extensions. Where create_all() fails without one, it is created
    first, as in `like`; a schema of a table that `like` does not have is one that the models add.

    :param like: the history's catalog.
    :return: the history's schemas and extensions that were created first; empty where create_all()
        succeeds.
    :raises DatabaseError: PostgreSQL refuses a statement, or two of the metadatas have the same table.
    """
    _refuse_shared(metadatas)
    models = _Models(url, metadatas)
    attempt = models.attempt()
    while attempt.error is not None:
        further = _further(attempt, models=models, like=like)
        if further is None:
            raise _refused(attempt.error) from attempt.error
        attempt = further
    return tuple(one for one in attempt.created if like.find(one.key) is not None)


def _refuse_shared(metadatas: tuple[MetaData, ...]) -> None:
    """Raise for a table that is in two metadatas: create_all() would skip the second one silently."""
    known: set[str] = set()
    for metadata in metadatas:
        if shared := sorted(known & metadata.tables.keys()):
            raise DatabaseError(
                f"several metadatas have the table {', '.join(shared)}",
                where="target_metadata",
                todo="keep each table in one of them; Alembic's autogenerate requires the same",
            )
        known |= metadata.tables.keys()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """One create_all() in a transaction, which is rolled back where it fails."""

    created: _Created
    error: SQLAlchemyError | None

    @property
    def message(self) -> ServerMessage | None:
        """The server's message; None where it was not the server that failed."""
        return None if self.error is None else server_message(self.error)


@dataclass(frozen=True, slots=True)
class _Models:
    """What is created, and where."""

    url: str
    metadatas: tuple[MetaData, ...]

    def attempt(self, created: _Created = ()) -> _Attempt:
        """Create the models after these objects; return what came of it."""

        def create_all(connection: Connection) -> None:
            for statement in map(_made_by, created):
                connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
            create_with_declared(connection, self.metadatas)

        try:
            run_on(self.url, create_all)
        except SQLAlchemyError as error:
            return _Attempt(created=created, error=error)
        return _Attempt(created=created, error=None)


def _further(attempt: _Attempt, *, models: _Models, like: Catalog) -> _Attempt | None:
    """Return an attempt with one more object that gets past this one's failure; None if there is none."""
    message = attempt.message
    if message is None or message.sqlstate not in _MISSING:
        return None
    schemas = (
        *_made(like, "schema", but="public"),
        *_new_schemas(models.metadatas, like=like),
    )
    for more in _candidates(message, schemas, like=like, created=attempt.created):
        tried = models.attempt((*attempt.created, *more))
        if _is_beyond(tried, message):
            return tried
    return None


def _is_beyond(tried: _Attempt, before: ServerMessage) -> bool:
    after = tried.message
    if after is None or after.sqlstate in _EXISTS or after.sql in map(_made_by, tried.created):
        return tried.error is None
    return (after.sql, after.message) != (before.sql, before.message)


def _new_schemas(metadatas: tuple[MetaData, ...], *, like: Catalog) -> Iterator[CatalogObject]:
    """Yield the schemas of the models' tables that the history does not have."""
    names = {table.schema for metadata in metadatas for table in metadata.tables.values()}
    for name in sorted(name for name in names if name is not None):
        place = key("schema", quote_if_needed(name))
        if like.find(place) is None:
            yield CatalogObject(place, ())


def _candidates(
    message: ServerMessage, found: _Created, *, like: Catalog, created: _Created
) -> Iterator[_Created]:
    """Yield objects that may be missing, first the one that PostgreSQL names.

    :param found: the schemas of the history and of the models.
    """
    schemas = [one for one in found if one not in created]
    schemas.sort(key=lambda one: one.identity.strip('"') not in message.message)
    if message.sqlstate == Sqlstate.INVALID_SCHEMA_NAME:
        yield from ((one,) for one in schemas)
    for extension in _made(like, "extension", but="plpgsql"):
        if extension not in created:
            place = [one for one in schemas if one.identity == extension.fact("schema")]
            yield (*place, extension)


def _made(catalog: Catalog, kind: str, *, but: str) -> Iterator[CatalogObject]:
    found = catalog.of_kind(kind)
    return (one for one in found if one.identity != but and not one.is_implicit)


def _made_by(record: CatalogObject) -> str:
    """Return the statement that creates a schema or an extension."""
    if record.kind == "schema":
        return f"CREATE SCHEMA {record.identity}"
    return f"CREATE EXTENSION {record.identity} SCHEMA {record.fact('schema')} CASCADE"


def _refused(error: SQLAlchemyError) -> DatabaseError:
    message = server_message(error)
    return DatabaseError(
        f"the models cannot be created: {message.one_line if message else describe(error)}",
        where=message.statement if message else "",
        todo="fix the models, their DDL events or the objects registered with them; "
        "create_all() on an empty database must work",
    )


_ALEMBIC_UTILS = "alembic_utils.replaceable_entity"
_EXTENSIONS = "sqlalchemy_declarative_extensions"
_OBJECTS = ("function", "procedure", "view", "trigger")
_DECLARED_EXISTS = (
    Sqlstate.DUPLICATE_TABLE,
    Sqlstate.DUPLICATE_OBJECT,
    Sqlstate.DUPLICATE_FUNCTION,
)
"""SQLSTATEs of a view, an object and a function that exist already."""


@dataclass(frozen=True, slots=True)
class _DeclaredObject:
    """One object that a library declares: the statements that create it."""

    statements: tuple[Executable, ...]


def create_with_declared(connection: Connection, metadatas: tuple[MetaData, ...]) -> None:
    """Create the metadatas' tables in an empty database, and the objects that other libraries declare.

    Roles are not created: all databases of the server share them.

    :raises SQLAlchemyError: the database refuses a statement.
    """
    _create(connection, _missing_of_kind("schema", connection, metadatas))
    entities = _registered_entities()
    savepoint = connection.begin_nested()
    try:
        _create_tables(connection, metadatas)
        savepoint.commit()
    except DBAPIError:
        savepoint.rollback()
        # A table may need a function or an extension that is registered.
        functions = _missing_of_kind("function", connection, metadatas)
        entities = _create_possible(connection, (*entities, *functions))
        _create_tables(connection, metadatas)
    missing = (_missing_of_kind(kind, connection, metadatas) for kind in _OBJECTS)
    _create(connection, (*entities, *chain.from_iterable(missing)))
    # A default privilege implies grants on all objects: these come when all are there.
    _create(connection, _missing_of_kind("grant", connection, metadatas))


def _create_tables(connection: Connection, metadatas: tuple[MetaData, ...]) -> None:
    for metadata in metadatas:  # a later one may share a type with the first
        metadata.create_all(connection, checkfirst=metadata is not metadatas[0])


def _create(connection: Connection, objects: tuple[_DeclaredObject, ...]) -> None:
    """Create all objects; raise the error of the first that is refused."""
    for refused in _create_possible(connection, objects)[:1]:
        _execute(connection, refused)


def _create_possible(
    connection: Connection, objects: tuple[_DeclaredObject, ...]
) -> tuple[_DeclaredObject, ...]:
    """Create the objects that the database accepts, in any order that works; return those it refuses."""
    while True:
        refused = tuple(one for one in objects if not _is_created(connection, one))
        if len(refused) == len(objects):
            return refused
        objects = refused


def _is_created(connection: Connection, declared: _DeclaredObject) -> bool:
    """Create the object if possible; one that a DDL event has created counts as created."""
    savepoint = connection.begin_nested()
    try:
        _execute(connection, declared)
    except DBAPIError as error:
        savepoint.rollback()
        return sqlstate_of(error) in _DECLARED_EXISTS
    savepoint.commit()
    return True


def _execute(connection: Connection, declared: _DeclaredObject) -> None:
    for statement in declared.statements:
        connection.execute(statement)


def _registered_entities() -> tuple[_DeclaredObject, ...]:
    """Return the entities that were given to alembic_utils' register_entities(), of the compared types."""
    module = sys.modules.get(_ALEMBIC_UTILS)
    if module is None:
        return ()
    registry: Any = vars(module)["registry"]
    compared = tuple(registry.entity_types) or (object,)
    entities = (one for one in registry.entities() if isinstance(one, compared))
    return tuple(_DeclaredObject((one.to_sql_statement_create(),)) for one in entities)


def _missing_of_kind(
    kind: str, connection: Connection, metadatas: tuple[MetaData, ...]
) -> tuple[_DeclaredObject, ...]:
    """Return the objects that were given to declare_database() and that the database lacks."""
    return tuple(_missing(kind, connection, metadatas)) if _is_compared(kind) else ()


def _missing(
    kind: str, connection: Connection, metadatas: Iterable[MetaData]
) -> Iterator[_DeclaredObject]:
    """Yield the objects that the library itself would create; it is set to drop and revoke nothing."""
    module: Any = import_module(f"{_EXTENSIONS}.{kind}.compare")
    compare = getattr(module, f"compare_{kind}s")
    for metadata in metadatas:
        declared = metadata.info.get(f"{kind}s")
        if declared is None:
            continue
        more = {"roles": metadata.info.get("roles")} if kind == "grant" else {}
        additive = replace(declared, ignore_unspecified=True)
        try:
            operations = compare(connection, additive, **more)
        except SQLAlchemyError:
            raise
        except Exception as error:
            raise DatabaseError(
                f"{_EXTENSIONS} cannot compare its {kind}s: {describe(error)}",
                todo="it is written for psycopg and psycopg2: install one of them, "
                "and name it in server_url (postgresql+psycopg://…)",
            ) from error
        for operation in operations:
            yield _DeclaredObject(tuple(_statements(operation.to_sql())))


def _is_compared(kind: str) -> bool:
    """Return whether register_alembic_events() compares this kind; all kinds where it was not called."""
    if _EXTENSIONS not in sys.modules:
        return False
    kinds = ("schema", "grant", *_OBJECTS)
    registered = [one for one in kinds if f"{_EXTENSIONS}.alembic.{one}" in sys.modules]
    return kind in (registered or kinds)


def _statements(sql: Any) -> Iterator[Executable]:
    """Yield what an operation's to_sql() returns: one statement or several, as text or not."""
    for statement in sql if isinstance(sql, list) else [sql]:
        yield text(statement) if isinstance(statement, str) else statement
