"""A database made by the models alone, and transactions on it that leave nothing behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from alembic_proof.catalog import Catalog, read_catalog
from alembic_proof.env import DatabaseUrl
from alembic_proof.postgres.connect import run_on
from packages.backend.tests.examples import Examples, World


@pytest.fixture(scope="session")
def models_catalog(models_url: str) -> Catalog:
    """What PostgreSQL says of the database that the models built."""
    return run_on(models_url, read_catalog)


@pytest.fixture
async def owner(models_url: str) -> AsyncIterator[Any]:
    """The owner's connection, in a transaction that is rolled back."""
    connection = await asyncpg.connect(DatabaseUrl.parse(models_url).dsn)
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


@pytest.fixture
async def world(owner: Any, examples: Examples) -> World:
    """A tenant that has rows in the tables that tests speak of."""
    return await examples.insert(owner, slug="ours", is_everywhere=False)


@pytest.fixture
async def full_world(owner: Any, examples: Examples) -> World:
    """A tenant that has rows in every table."""
    return await examples.insert(owner, slug="ours")
