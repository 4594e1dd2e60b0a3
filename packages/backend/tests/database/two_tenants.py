"""Two tenants that have rows in every table, and the questions that tests ask about them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from alembic_deploy.connect import run_on
from boards.database import owner_session
from boards.dbmodels import target_metadata
from packages.backend.tests.examples import Examples
from packages.backend.tests.examples import World as Tenant

__all__ = [
    "DENIED",
    "FOREIGN_KEY",
    "SUPERUSER",
    "TABLES",
    "Tenant",
    "World",
    "add_two_tenants",
    "as_owner",
    "count",
    "refused",
]

DENIED = "42501"
FOREIGN_KEY = "23503"
SUPERUSER = "postgres"
"""The scratch server's; another's server may have none for us."""
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


def add_two_tenants(url: str, examples: Examples) -> tuple[Tenant, Tenant]:
    """Insert two tenants with rows in every table; return their ids."""
    tenants = {"ours": Tenant(), "theirs": Tenant()}

    def insert(connection: Connection) -> None:
        for slug, tenant in tenants.items():
            for statement in examples.sql(tenant, slug=slug):
                connection.exec_driver_sql(statement)

    run_on(url, insert)
    return tenants["ours"], tenants["theirs"]


async def refused(session: AsyncSession, statement: str, **values: object) -> str:
    """Return the SQLSTATE with which PostgreSQL refuses the statement; the transaction goes on."""
    with pytest.raises(DBAPIError) as caught:
        async with session.begin_nested():
            await session.execute(text(statement), values)
    return str(getattr(caught.value.orig, "sqlstate", ""))


async def count(session: AsyncSession, relation: str) -> int:
    """Return how many rows the session sees."""
    return int((await session.execute(text(f"SELECT count(*) FROM {relation}"))).scalar_one())


async def as_owner(world: World, *statements: str) -> None:
    """Send the statements as the owner."""
    async with owner_session(engine=world.owner) as session:
        for statement in statements:
            await session.execute(text(statement))
