"""Read the catalog of a database: once, or repeatedly with a CatalogReader."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa

from alembic_deploy.connect import driver_connection
from alembic_deploy.errors import DatabaseError, causes_of
from alembic_deploy.server_message import sqlstate_of
from alembic_proof.catalog.diff import diff
from alembic_proof.catalog.incremental.reader_queries import (
    ReaderQueries,
    TrackingUnavailableError,
)
from alembic_proof.catalog.incremental.snapshot import IncrementalSnapshot
from alembic_proof.catalog.model import Catalog
from alembic_proof.catalog.parse import parse_catalog, parse_with_names
from alembic_proof.catalog.prepared import (
    STALE_STATEMENT_SQLSTATES,
    PreparedStatements,
    autocommitted,
    without_jit,
)
from alembic_proof.catalog.queries.dependencies import DEPENDENCIES_SQL
from alembic_proof.catalog.queries.statement import statement
from alembic_proof.catalog.snapshot import Snapshot, dependencies_of
from alembic_proof.config import OLDEST_MAJOR
from alembic_proof.sql import Sqlstate

T = TypeVar("T")

VERIFY_VARIABLE = "ALEMBIC_PROOF_VERIFY_READS"
"""The environment variable that makes each CatalogReader compare its result with a full reading."""
_ADVICE: dict[str, str] = {
    Sqlstate.IN_FAILED_SQL_TRANSACTION: "end the failed transaction before the catalog is read",
    Sqlstate.LOCK_NOT_AVAILABLE: "another session holds a lock: try again when its transaction has ended",
    Sqlstate.QUERY_CANCELED: "try again; raise statement_timeout in env.py, for the role or the database",
    Sqlstate.TRANSACTION_TIMEOUT: "raise transaction_timeout, or set it to 0, in env.py, for the role or the database",
    Sqlstate.IDLE_IN_TRANSACTION_SESSION_TIMEOUT: "raise idle_in_transaction_session_timeout in env.py, or for the role",
    Sqlstate.IDLE_SESSION_TIMEOUT: "raise idle_session_timeout, or set it to 0, in env.py, for the role or the database",
}


def read_catalog(
    connection: sa.Connection,
    *,
    version_table: str = "alembic_version",
    version_schema: str | None = None,
) -> Catalog:
    """Return all objects that users made in the connection's database.

    One round trip. Alembic's version table and the objects of extensions are left out. An open
    transaction stays open; without one, none is left open. Settings are restored.

    :param version_schema: the schema of the version table; None finds it by name and columns.
    :raises DatabaseError: the server is older than PostgreSQL 15, or refuses the statement, as it
        does in a failed transaction.

    Locks: ACCESS SHARE on system catalogs.

    Example: `diff(read_catalog(before), read_catalog(after))` is empty if both databases are equal.
    """
    major = server_major(connection)
    text = _in_transaction(connection, partial(_fetch_text, major=major))
    return parse_catalog(
        text, major=major, version_table=version_table, version_schema=version_schema
    )


def read_snapshot(
    connection: sa.Connection,
    *,
    version_table: str = "alembic_version",
    version_schema: str | None = None,
) -> Snapshot:
    """Return the catalog, as `read_catalog` does, with the dependencies between its objects.

    :raises DatabaseError: as `read_catalog`.

    Locks: ACCESS SHARE on system catalogs.
    """
    major = server_major(connection)

    def fetch(connection: sa.Connection) -> tuple[str, Sequence[sa.Row[tuple[Any, ...]]]]:
        rows = connection.exec_driver_sql(DEPENDENCIES_SQL).all()
        return _fetch_text(connection, major=major), rows

    text, rows = _in_transaction(connection, fetch)
    catalog, names = parse_with_names(
        text, major=major, version_table=version_table, version_schema=version_schema
    )
    return Snapshot(catalog, dependencies_of(rows, names))


def _in_transaction(connection: sa.Connection, fetch: Callable[[sa.Connection], T]) -> T:
    """Return what `fetch` returns, called in the open transaction or in one of its own.

    :raises DatabaseError: the server refuses a statement.
    """
    try:
        if connection.in_transaction():
            return fetch(connection)
        with connection.begin():
            return fetch(connection)
    except sa.exc.DBAPIError as error:
        raise _read_error(error.orig or error) from error


def _fetch_text(connection: sa.Connection, *, major: int) -> str:
    with without_jit(connection):
        return str(connection.exec_driver_sql(statement(major=major)).scalar_one())


def _read_error(error: BaseException) -> DatabaseError:
    """Return the error for a refused statement.

    Its message is the first one with an SQLSTATE in the chain of causes: after a timeout the last
    one says only that the connection is closed.
    """
    chain = list(causes_of(error))
    first = next((one for one in reversed(chain) if sqlstate_of(one)), error)
    [line, *_] = str(first).splitlines() or [type(first).__name__]
    todo = _ADVICE.get(sqlstate_of(first), "")
    return DatabaseError(f"the catalog cannot be read: {line}", todo=todo)


def server_major(connection: sa.Connection) -> int:
    """Return the server's major version.

    :raises DatabaseError: it is older than PostgreSQL 15, or another product.
    """
    version = connection.dialect.server_version_info or (0,)
    major = int(version[0])
    if connection.dialect.name != "postgresql" or major < OLDEST_MAJOR:
        raise DatabaseError(
            f"the server is {connection.dialect.name} {'.'.join(map(str, version))}",
            todo=f"use PostgreSQL {OLDEST_MAJOR} or newer",
        )
    return major


class CatalogReader:
    """Reads the catalog of one database repeatedly; after the first time, only what changed.

    `read` returns what `read_catalog` would return. Objects that did not change are the same
    Python objects as before, so that comparing two catalogs is fast. No other session may change
    the database in a transaction that is still open while the catalog is read.
    """

    def __init__(
        self,
        *,
        version_table: str = "alembic_version",
        version_schema: str | None = None,
        is_verified: bool | None = None,
        is_incremental: bool = True,
    ) -> None:
        """Create a reader for one database.

        :param is_verified: compare each result with a full reading; None: only if the environment
            has ALEMBIC_PROOF_VERIFY_READS.
        :param is_incremental: False reads everything each time and creates no functions.
        """
        self._is_incremental = is_incremental
        self._is_verified = VERIFY_VARIABLE in os.environ if is_verified is None else is_verified
        self._version_table = version_table
        self._version_schema = version_schema
        self._snapshot: IncrementalSnapshot | None = None
        self._catalog: Catalog | None = None

    def read(self, connection: sa.Connection) -> Catalog:
        """Return the current catalog of the connection's database.

        In an open transaction everything is read, because the changes may still be rolled back.
        Prepared statements, and functions in the temporary schema, stay in the session.

        :raises DatabaseError: as `read_catalog`.

        Locks: ACCESS SHARE on system catalogs.
        """
        if connection.in_transaction():
            self._snapshot = self._catalog = None
            return read_catalog(
                connection, version_table=self._version_table, version_schema=self._version_schema
            )
        found = self._read_changes(connection)
        if self._is_verified:
            self._compare(found, self._query(connection, self._read_all))
        return found

    @property
    def session_settings(self) -> str | None:
        """The value of SESSION_SETTINGS_SQL at the last reading; None after a full one."""
        return self._snapshot.report.session_settings if self._snapshot is not None else None

    @property
    def has_temporary_objects(self) -> bool:
        """Whether the session had temporary tables at the last reading; False after a full one."""
        return self._snapshot is not None and bool(self._snapshot.report.has_temporary_objects)

    def verify(self, connection: sa.Connection) -> None:
        """Compare the incremental reading with a full one, unless a transaction is open.

        :raises DatabaseError: they differ; names the differences.

        Locks: as `read`.
        """
        if not connection.in_transaction():
            self._compare(self._read_changes(connection), self._query(connection, self._read_all))

    def _compare(self, found: Catalog, whole: Catalog) -> None:
        if found != whole:
            changes = "; ".join(map(str, diff(whole, found))) or "a difference that diff ignores"
            raise DatabaseError(
                f"the incremental reading of the catalog is wrong: {changes}",
                todo="report this as a bug of alembic-proof",
            )

    def _read_changes(self, connection: sa.Connection) -> Catalog:
        """Read what changed since the last reading, or everything where that is unavailable."""
        if self._is_incremental:
            try:
                return self._query(connection, self._update)
            except TrackingUnavailableError:
                self._snapshot = None
        return self._query(connection, self._read_all)

    def _query(
        self,
        connection: sa.Connection,
        read: Callable[[ReaderQueries], Catalog],
        *,
        is_second_try: bool = False,
    ) -> Catalog:
        """Call `read`; if a prepared statement or function is gone, create all and call it again."""
        driver: Any = connection.dialect.dbapi
        major = server_major(connection)
        try:
            with autocommitted(connection):
                return read(ReaderQueries(connection, major=major))
        except driver.Error as error:
            if is_second_try or sqlstate_of(error) not in STALE_STATEMENT_SQLSTATES:
                _invalidate_if_disconnected(connection, error)
                raise _read_error(error) from error
        PreparedStatements.discard(connection)
        return self._query(connection, read, is_second_try=True)

    def _update(self, queries: ReaderQueries) -> Catalog:
        snapshot, self._snapshot = self._snapshot, None  # after an error, read everything
        queries.create_functions()
        report = queries.changes_since(snapshot.report if snapshot else None)
        if snapshot is None or not snapshot.update(queries, report):
            snapshot = IncrementalSnapshot.read_all(
                queries,
                report,
                version_table=self._version_table,
                version_schema=self._version_schema,
            )
        self._snapshot = snapshot
        found = snapshot.cache.catalog()
        if self._catalog is None or self._catalog != found:
            self._catalog = found
        return self._catalog

    def _read_all(self, queries: ReaderQueries) -> Catalog:
        return parse_catalog(
            queries.all_rows(),
            major=queries.major,
            version_table=self._version_table,
            version_schema=self._version_schema,
        )


def _invalidate_if_disconnected(connection: sa.Connection, error: Any) -> None:
    """Invalidate a closed connection, so that nobody tries to end a transaction on it."""
    if connection.dialect.is_disconnect(error, driver_connection(connection), None):
        connection.invalidate(error)
