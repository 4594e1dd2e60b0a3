"""Two tenants that have rows in every table, and the questions that tests ask about them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from boards.database import owner_session
from boards.dbmodels import target_metadata
from packages.backend.tests.examples import Examples
from packages.backend.tests.examples import World as Tenant

DENIED = "42501"
FOREIGN_KEY = "23503"
TABLES = tuple(table.name for table in target_metadata.sorted_tables)


@dataclass(frozen=True, slots=True)
class World:
    """Two tenants that have rows in every table, and the engines of both logins."""

    app: AsyncEngine
    owner: AsyncEngine
    ours: UUID
    theirs: UUID
    our_user: UUID
    their_user: UUID
    their_board: UUID


async def people(session: AsyncSession, examples: Examples, *, slug: str) -> Tenant:
    """Insert a tenant with rows in every table; return its ids."""
    tenant = Tenant()
    connection = await session.connection()
    for statement in examples.sql(tenant, slug=slug):
        await connection.exec_driver_sql(statement)
    return tenant


async def refused(session: AsyncSession, statement: str, **values: object) -> str:
    """The SQLSTATE with which PostgreSQL refuses the statement; the transaction goes on."""
    with pytest.raises(DBAPIError) as caught:
        async with session.begin_nested():
            await session.execute(text(statement), values)
    return str(getattr(caught.value.orig, "sqlstate", ""))


async def count(session: AsyncSession, relation: str) -> int:
    """How many rows the session sees."""
    return int((await session.execute(text(f"SELECT count(*) FROM {relation}"))).scalar_one())


async def as_owner(world: World, *statements: str) -> None:
    """Sends the statements as the owner."""
    async with owner_session(engine=world.owner) as session:
        for statement in statements:
            await session.execute(text(statement))
