"""The driver's own connection below SQLAlchemy's."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import Connection


def driver_connection(connection: Connection) -> Any:
    """What the driver made; before SQLAlchemy 1.4.24 it was called otherwise."""
    pooled: Any = connection.connection
    return getattr(pooled, "dbapi_connection", None) or pooled.connection
