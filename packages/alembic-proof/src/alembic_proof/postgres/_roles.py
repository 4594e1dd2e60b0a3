"""Ordinary roles and their databases on a local server, made once by whoever comes first."""

from __future__ import annotations

import sqlalchemy
from sqlalchemy.exc import DBAPIError

from alembic_proof.postgres.sqlstate import sqlstate_of

# Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
_UNIQUE_VIOLATION = "23505"
_DUPLICATE_OBJECT = "42710"
_DUPLICATE_DATABASE = "42P04"
_LOCK = 4_861_302_977
"""Ours alone: any number of 64 bits (explicit-locking, "Advisory Locks")."""


def hold_roles(connection: sqlalchemy.Connection) -> None:
    """Ensures that no other run makes or drops roles until the connection is closed."""
    connection.exec_driver_sql(f"SELECT pg_catalog.pg_advisory_lock({_LOCK})")


def ensure_role(connection: sqlalchemy.Connection, name: str, *, options: str = "LOGIN") -> None:
    """Make the role unless it exists; safe for any number of callers at once."""
    query = sqlalchemy.text("SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = :name")
    if connection.execute(query, {"name": name}).first() is None:
        _unless_it_exists(connection, f"CREATE ROLE {quote(connection, name)} {options}")


def ensure_database(connection: sqlalchemy.Connection, name: str, *, owner: str) -> None:
    """Make the database, empty and in UTF-8, unless it exists; safe for callers at once."""
    query = sqlalchemy.text("SELECT 1 FROM pg_catalog.pg_database WHERE datname = :name")
    if connection.execute(query, {"name": name}).first() is None:
        _unless_it_exists(
            connection,
            f"CREATE DATABASE {quote(connection, name)} OWNER {quote(connection, owner)} "
            "TEMPLATE template0 ENCODING 'UTF8'",
        )


def quote(connection: sqlalchemy.Connection, name: str) -> str:
    """The name as an identifier of SQL."""
    return connection.dialect.identifier_preparer.quote_identifier(name)


def _unless_it_exists(connection: sqlalchemy.Connection, statement: str) -> None:
    """Run a CREATE on an autocommit connection; another session may have been faster."""
    try:
        connection.exec_driver_sql(statement)
    except DBAPIError as error:
        if sqlstate_of(error) not in (_UNIQUE_VIOLATION, _DUPLICATE_OBJECT, _DUPLICATE_DATABASE):
            raise
