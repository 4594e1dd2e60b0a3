"""The driver's own connection below SQLAlchemy's, and what both raise for a statement that fails."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError


def driver_connection(connection: Connection) -> Any:
    """What the driver made; before SQLAlchemy 1.4.24 it was called otherwise."""
    pooled: Any = connection.connection
    return getattr(pooled, "dbapi_connection", None) or pooled.connection


def statement_errors(connection: Connection) -> tuple[type[Exception], ...]:
    """Return what a statement raises that the server refuses, sent through SQLAlchemy or below it."""
    module: Any = connection.dialect.dbapi
    return DBAPIError, module.Error
