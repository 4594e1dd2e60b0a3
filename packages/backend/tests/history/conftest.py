"""Databases for the tests of the history."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alembic_proof.scratch import scratch_database
from packages.backend.tests.history.database import PINNED, Database


@pytest.fixture
def database(scratch_url: str) -> Database:
    """Provide an empty database, before the first revision."""
    return Database(scratch_url)


@pytest.fixture
def migrated(migrated_url: str) -> Database:
    """Provide a database at head, a copy of one that was migrated once."""
    return Database(migrated_url)


@pytest.fixture(scope="session")
def pinned_template(server_url: str) -> Iterator[Database]:
    """Provide a database at the pinned revision, which no test may change."""
    with scratch_database(server_url, label="pinned") as url:
        template = Database(url)
        template.upgrade(PINNED)
        yield template


@pytest.fixture
def pinned(server_url: str, pinned_template: Database) -> Iterator[Database]:
    """Provide a database at the pinned revision, whichever revisions follow it."""
    with pinned_template.copied(server_url) as database:
        yield database


@pytest.fixture(scope="session")
def models(models_url: str) -> Database:
    """Provide a database that the models built; no test may change it."""
    return Database(models_url)
