"""Databases for the tests of the history."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alembic_proof.postgres.scratch import scratch_database
from packages.backend.tests.history.database import Database


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


@pytest.fixture(scope="session")
def models(server_url: str) -> Iterator[Database]:
    """A database that the models built; nobody changes it."""
    from alembic_proof.postgres.connect import run_on
    from boards.dbmodels import target_metadata

    with scratch_database(server_url, label="parity") as url:
        run_on(url, target_metadata.create_all)
        yield Database(url)
