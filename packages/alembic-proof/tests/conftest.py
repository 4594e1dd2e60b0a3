"""Databases for the tests: empty scratch ones on one server that all workers share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from alembic_proof.postgres.scratch import scratch_database, scratch_server

ROOT = Path(__file__).resolve().parents[3]
TEST_SERVER = "ALEMBIC_PROOF_TEST_SERVER"


@pytest.fixture(scope="session")
def server_url() -> str:
    """The URL of the scratch server, as an ordinary role that may create databases."""
    given = os.environ.get(TEST_SERVER)
    return given or scratch_server(os.environ, state=ROOT / ".postgres")


@pytest.fixture
def scratch_url(server_url: str) -> Iterator[str]:
    """The URL of a fresh, empty database."""
    with scratch_database(server_url) as url:
        yield url
