"""A database made by the models alone, and transactions on it that leave nothing behind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest

from alembic_proof.catalog import Catalog, read_catalog
from alembic_proof.env import DatabaseUrl
from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.scratch import scratch_database
from boards.dbmodels import target_metadata
from boards.dbmodels.roles import bootstrap_statements
from packages.backend.tests.dbmodels.world import World, populate


@pytest.fixture(scope="session")
def models_url(server_url: str) -> Iterator[str]:
    """The URL of a database that `create_all()` built; every test on it rolls back.

    Its owner may become the application's role, so that one transaction can play both.
    """
    with scratch_database(server_url, label="models") as url:
        run_on(url, target_metadata.create_all)
        send(url, *bootstrap_statements(DatabaseUrl.parse(url).user))
        yield url


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
async def world(owner: Any) -> World:
    """A tenant that has one row in every table."""
    return await populate(owner, slug="ours")


def send(url: str, *statements: str) -> None:
    """Sends the statements in one transaction."""
    run_on(url, lambda connection: [connection.exec_driver_sql(sql) for sql in statements])
