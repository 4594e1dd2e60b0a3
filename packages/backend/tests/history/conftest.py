"""Databases for the tests of the history."""

from __future__ import annotations

import pytest

from packages.backend.tests.history.database import PINNED, Database


@pytest.fixture(autouse=True)
def verified_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each reading of a round trip is held against a whole one."""
    monkeypatch.setenv("ALEMBIC_PROOF_VERIFY_READS", "1")


@pytest.fixture
def database(scratch_url: str) -> Database:
    """An empty database, before the first revision."""
    return Database(scratch_url)


@pytest.fixture
def migrated(migrated_url: str) -> Database:
    """A database at head, a copy of one that was migrated once."""
    return Database(migrated_url)


@pytest.fixture
def pinned(database: Database) -> Database:
    """A database at a revision that stays as it is, whatever follows it."""
    database.upgrade(PINNED)
    return database


@pytest.fixture(scope="session")
def models(models_url: str) -> Database:
    """A database that the models built; nobody changes it."""
    return Database(models_url)
