"""The code by which PostgreSQL names an error, whichever driver brings it."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError


def sqlstate_of(error: DBAPIError) -> str:
    """The SQLSTATE of a statement's error; empty where the driver has none.

    Source: asyncpg's and psycopg's `sqlstate`; psycopg2's `pgcode`.
    """
    return str(getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None) or "")
