"""One transaction that plays the owner and the application, and how to fail without ending it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import pytest


async def insert(connection: Any, table: str, **values: object) -> None:
    """Ensures that the table has a row of these values."""
    columns = ", ".join(values)
    places = ", ".join(f"${position}" for position in range(1, len(values) + 1))
    await connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", *values.values())


async def become_app(connection: Any, tenant: UUID | None) -> None:
    """From here on the transaction is the application's, for this tenant or for none."""
    await connection.execute(f"SET LOCAL app.tenant_id = '{tenant or ''}'")
    await connection.execute("SET LOCAL ROLE boards_app")


@asynccontextmanager
async def refused(
    connection: Any, sqlstate: str, *, match: str | None = None
) -> AsyncIterator[None]:
    """Ensures that the block fails with this SQLSTATE, and keeps the transaction alive."""
    savepoint = connection.transaction()
    await savepoint.start()
    with pytest.raises(asyncpg.PostgresError, match=match) as caught:
        yield
    await savepoint.rollback()
    assert caught.value.sqlstate == sqlstate


async def count(connection: Any, table: str) -> int:
    """How many rows of the table the connection sees."""
    found: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
    return found
