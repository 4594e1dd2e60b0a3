"""The one place that asks a server for its catalog."""

from __future__ import annotations

import sqlalchemy as sa

from alembic_proof.catalog.assemble import assemble
from alembic_proof.catalog.model import Catalog
from alembic_proof.catalog.prepared import sqlstate, without_jit
from alembic_proof.catalog.queries import statement
from alembic_proof.errors import DatabaseError, causes_of

OLDEST_MAJOR = 15
_PREPARED = "alembic_proof_catalog"
# Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
_ADVICE = {
    "25P02": "end the transaction that failed before the catalog is read",
    "55P03": "another session holds a lock on it: try again when its transaction has ended",
    "57014": "try again; a statement_timeout of env.py, the role or the database may be too short",
    "25P04": "let transaction_timeout be longer, or 0, in env.py, for the role or the database",
    "25P03": "let idle_in_transaction_session_timeout be longer in env.py, or for the role",
    "57P05": "let idle_session_timeout be longer, or 0, in env.py, for the role or the database",
}


def read_catalog(
    connection: sa.Connection,
    *,
    version_table: str = "alembic_version",
    version_schema: str | None = None,
    keep_prepared: bool = False,
) -> Catalog:
    """Everything user-made in the connection's database, Alembic's version table left out.

    One round trip. The transaction and the search_path are left as they were found: a
    transaction that runs goes on, and none is left open where there was none.

    `keep_prepared` is for whoever reads again and again on one direct connection (not through
    a pooler): the statement stays prepared in the session, which spares planning it each time.

    Raises:
        DatabaseError: the server is older than PostgreSQL 15, or refuses the statement
            (as it does in a transaction that has failed).

    Locks: none beyond ACCESS SHARE on the system catalogs.
    """
    major = server_major(connection)
    try:
        if connection.in_transaction():
            text = _fetch(connection, major=major, keep_prepared=keep_prepared)
        else:
            with connection.begin():
                text = _fetch(connection, major=major, keep_prepared=keep_prepared)
    except sa.exc.DBAPIError as error:
        raise refused(error.orig or error) from error
    return assemble(text, major=major, version_table=version_table, version_schema=version_schema)


def _fetch(connection: sa.Connection, *, major: int, keep_prepared: bool) -> str:
    """The statement's JSON text."""
    sql = statement(major=major)
    if keep_prepared:
        if _PREPARED not in connection.info:
            connection.exec_driver_sql(f"PREPARE {_PREPARED} AS {sql}")
            connection.info[_PREPARED] = True
        sql = f"EXECUTE {_PREPARED}"
    with without_jit(connection):
        return str(connection.exec_driver_sql(sql).scalar_one())


def refused(error: BaseException) -> DatabaseError:
    """What is raised when the server refuses to tell its catalog.

    What the server said first counts: where it ended the session, that it is gone is said last.
    """
    chain = list(causes_of(error))
    first = next((one for one in reversed(chain) if sqlstate(one)), error)
    [said, *_] = str(first).splitlines() or [type(first).__name__]
    todo = _ADVICE.get(sqlstate(first), "")
    return DatabaseError(f"the catalog cannot be read: {said}", todo=todo)


def server_major(connection: sa.Connection) -> int:
    """The server's major version.

    Raises:
        DatabaseError: it is older than PostgreSQL 15, or another product.
    """
    version = connection.dialect.server_version_info or (0,)
    major = int(version[0])
    if connection.dialect.name != "postgresql" or major < OLDEST_MAJOR:
        raise DatabaseError(
            f"the server is {connection.dialect.name} {'.'.join(map(str, version))}",
            todo=f"use PostgreSQL {OLDEST_MAJOR} or newer",
        )
    return major
