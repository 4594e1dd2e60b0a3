"""Act as owner and application in one transaction, and expect errors without ending it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import pytest


async def insert(connection: asyncpg.Connection, table: str, **values: object) -> None:
    """Insert a row of these values."""
    columns = ", ".join(values)
    places = ", ".join(f"${position}" for position in range(1, len(values) + 1))
    await connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", *values.values())


async def become_app(connection: asyncpg.Connection, tenant: UUID | None) -> None:
    """Switch the transaction to the application's role, for this tenant or for none."""
    await connection.execute(f"SET LOCAL app.tenant_id = '{tenant or ''}'")
    await connection.execute("SET LOCAL ROLE boards_app")


@asynccontextmanager
async def refused(
    connection: asyncpg.Connection, sqlstate: str, *, match: str | None = None
) -> AsyncIterator[None]:
    """Assert that the block fails with this SQLSTATE; the transaction stays usable."""
    savepoint = connection.transaction()
    await savepoint.start()
    with pytest.raises(asyncpg.PostgresError, match=match) as caught:
        yield
    await savepoint.rollback()
    assert caught.value.sqlstate == sqlstate


async def count(connection: asyncpg.Connection, table: str) -> int:
    """Return how many rows of the table the connection sees."""
    found: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
    return found
