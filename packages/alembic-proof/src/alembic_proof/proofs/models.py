"""A database that the models build, with what they need and MetaData has no word for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import MetaData
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from alembic_proof.catalog import Catalog, CatalogObject
from alembic_proof.env.server_message import ServerMessage, server_message
from alembic_proof.errors import DatabaseError
from alembic_proof.history.fault import describe
from alembic_proof.postgres.connect import run_on
from alembic_proof.proofs.registries import create_with_declared

# Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
_NO_SCHEMA = "3F000"
_MISSING = (_NO_SCHEMA, "42704", "42883")
"""No such schema, type or function."""
_THERE = ("42P06", "42710", "42P07")
"""Such a schema, object or table is there already."""

_Given = tuple[CatalogObject, ...]


def create_models(url: str, *, metadatas: tuple[MetaData, ...], like: Catalog) -> _Given:
    """Create in the empty database what the models, their DDL events and registries declare.

    MetaData has no word for a schema or an extension. Where create_all() fails without one, it is
    made before as `like` has it; those are returned, nothing where it works by itself.

    Raises:
        DatabaseError: PostgreSQL refuses one of their statements, or two of them have one table.
    """
    _refuse_shared(metadatas)
    attempt = _Attempt.made(url, metadatas)
    while attempt.error is not None:
        further = _further(attempt, url=url, metadatas=metadatas, like=like)
        if further is None:
            raise _refused(attempt.error) from attempt.error
        attempt = further
    return attempt.given


def _refuse_shared(metadatas: tuple[MetaData, ...]) -> None:
    """Ensures that no table is in two of them: the second one's would be passed over, unseen."""
    known: set[str] = set()
    for metadata in metadatas:
        if shared := sorted(known & metadata.tables.keys()):
            raise DatabaseError(
                f"several metadatas have the table {', '.join(shared)}",
                where="target_metadata",
                todo="leave each table in one of them; Alembic's autogenerate asks for the same",
            )
        known |= metadata.tables.keys()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """One create_all() in a transaction that is rolled back where it fails."""

    given: _Given
    error: SQLAlchemyError | None

    @classmethod
    def made(cls, url: str, metadatas: tuple[MetaData, ...], given: _Given = ()) -> _Attempt:
        def create_all(connection: Connection) -> None:
            for statement in map(_made_by, given):
                connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
            create_with_declared(connection, metadatas)

        try:
            run_on(url, create_all)
        except SQLAlchemyError as error:
            return cls(given=given, error=error)
        return cls(given=given, error=None)

    @property
    def message(self) -> ServerMessage | None:
        """What the server said; None where it was not the server that failed."""
        return None if self.error is None else server_message(self.error)


def _further(
    attempt: _Attempt, *, url: str, metadatas: tuple[MetaData, ...], like: Catalog
) -> _Attempt | None:
    """An attempt with one thing more that gets beyond what this one fails over."""
    message = attempt.message
    if message is None or message.sqlstate not in _MISSING:
        return None
    for more in _candidates(message, like=like, given=attempt.given):
        tried = _Attempt.made(url, metadatas, (*attempt.given, *more))
        if _is_beyond(tried, message):
            return tried
    return None


def _is_beyond(tried: _Attempt, before: ServerMessage) -> bool:
    after = tried.message
    if after is None or after.sqlstate in _THERE or after.sql in map(_made_by, tried.given):
        return tried.error is None
    return (after.sql, after.message) != (before.sql, before.message)


def _candidates(message: ServerMessage, *, like: Catalog, given: _Given) -> Iterator[_Given]:
    """What the history made and may be missing, the one that PostgreSQL names first."""
    schemas = [one for one in _made(like, "schema", but="public") if one not in given]
    schemas.sort(key=lambda one: one.identity.strip('"') not in message.message)
    if message.sqlstate == _NO_SCHEMA:
        yield from ((one,) for one in schemas)
    for extension in _made(like, "extension", but="plpgsql"):
        if extension not in given:
            place = [one for one in schemas if one.identity == extension.fact("schema")]
            yield (*place, extension)


def _made(catalog: Catalog, kind: str, *, but: str) -> Iterator[CatalogObject]:
    found = catalog.of_kind(kind)
    return (one for one in found if one.identity != but and not one.is_implicit)


def _made_by(record: CatalogObject) -> str:
    """The statement that makes a schema or an extension; identities are quoted already."""
    if record.kind == "schema":
        return f"CREATE SCHEMA {record.identity}"
    return f"CREATE EXTENSION {record.identity} SCHEMA {record.fact('schema')} CASCADE"


def _refused(error: SQLAlchemyError) -> DatabaseError:
    message = server_message(error)
    return DatabaseError(
        f"the models cannot be created: {message.one_line if message else describe(error)}",
        where=message.statement if message else "",
        todo="fix the models, their DDL events or what is registered beside them; "
        "create_all() on an empty database must work",
    )
