"""Objects that other libraries declare beside MetaData: views, functions, triggers, grants.

alembic_utils keeps them in a registry of its own, sqlalchemy-declarative-extensions in
`metadata.info`. Neither is imported from here: a library that the project has not imported has
nothing declared.
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

from alembic_proof.errors import DatabaseError
from alembic_proof.history.fault import describe
from alembic_proof.postgres.sqlstate import sqlstate_of

_ALEMBIC_UTILS = "alembic_utils.replaceable_entity"
_EXTENSIONS = "sqlalchemy_declarative_extensions"
_OBJECTS = ("function", "procedure", "view", "trigger")
# Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
_THERE = ("42P07", "42710", "42723")
"""Such a view, object or function is there already."""


@dataclass(frozen=True, slots=True)
class _DeclaredObject:
    """One object that a library declares: the statements that create it."""

    statements: tuple[Executable, ...]


def create_with_declared(connection: Connection, metadatas: tuple[MetaData, ...]) -> None:
    """Create the metadatas' tables on an empty database, and what other libraries declare.

    Roles are not created: they belong to the whole server.

    :raises SQLAlchemyError: the database refuses something.
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
    """Create all objects; the error of the first that is refused is raised."""
    for refused in _create_possible(connection, objects)[:1]:
        _execute(connection, refused)


def _create_possible(
    connection: Connection, objects: tuple[_DeclaredObject, ...]
) -> tuple[_DeclaredObject, ...]:
    """Create what the database takes, each object after those it needs; return what is refused."""
    while True:
        refused = tuple(one for one in objects if not _is_created(connection, one))
        if len(refused) == len(objects):
            return refused
        objects = refused


def _is_created(connection: Connection, declared: _DeclaredObject) -> bool:
    """Create the object, if it can be; one that a DDL event has created is there already."""
    savepoint = connection.begin_nested()
    try:
        _execute(connection, declared)
    except DBAPIError as error:
        savepoint.rollback()
        return sqlstate_of(error) in _THERE
    savepoint.commit()
    return True


def _execute(connection: Connection, declared: _DeclaredObject) -> None:
    for statement in declared.statements:
        connection.execute(statement)


def _registered_entities() -> tuple[_DeclaredObject, ...]:
    """Return what alembic_utils' register_entities() was given, of the types that it compares."""
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
    """Return what declare_database() was given and the database lacks."""
    return tuple(_missing(kind, connection, metadatas)) if _is_compared(kind) else ()


def _missing(
    kind: str, connection: Connection, metadatas: Iterable[MetaData]
) -> Iterator[_DeclaredObject]:
    """Yield what the library itself would create; it is told to drop and revoke nothing."""
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
