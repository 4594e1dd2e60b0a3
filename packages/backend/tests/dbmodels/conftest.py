"""A database made by the models alone, and transactions on it that leave nothing behind."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from alembic_deploy.connect import run_on
from alembic_deploy.url import DatabaseUrl
from alembic_proof.catalog import Catalog, read_catalog
from packages.backend.tests.examples import Examples, World


@pytest.fixture(scope="session")
def models_catalog(models_url: str) -> Catalog:
    """Return the catalog of the database that the models built."""
    return run_on(models_url, read_catalog)


@pytest.fixture
async def owner(models_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Provide the owner's connection, in a transaction that is rolled back."""
    connection = await asyncpg.connect(DatabaseUrl.parse(models_url).dsn)
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


@pytest.fixture
async def world(owner: asyncpg.Connection, examples: Examples) -> World:
    """Provide a tenant that has rows in the tables that tests refer to."""
    return await examples.insert(owner, slug="ours", is_everywhere=False)


@pytest.fixture
async def full_world(owner: asyncpg.Connection, examples: Examples) -> World:
    """Provide a tenant that has rows in every table."""
    return await examples.insert(owner, slug="ours")
