"""Databases for Boards' tests: empty scratch ones, and copies of one that is at head."""

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
    """The admin URL of the scratch server: an ordinary role that may create databases."""
    given = os.environ.get(TEST_SERVER)
    return given or scratch_server(os.environ, state=ROOT / ".postgres")


@pytest.fixture
def scratch_url(server_url: str) -> Iterator[str]:
    """The URL of a fresh, empty database."""
    with scratch_database(server_url) as url:
        yield url


@pytest.fixture(scope="session")
def template_url(server_url: str) -> Iterator[str]:
    """The URL of a database at head; nobody connects to it, it is there to be copied."""
    from alembic import command
    from alembic_proof.history.script import alembic_config

    with scratch_database(server_url, label="template") as url:
        config = alembic_config(ROOT / "packages/backend/alembic.ini", url=url)
        config.attributes["quiet"] = True
        command.upgrade(config, "head")
        yield url


@pytest.fixture
def migrated_url(server_url: str, template_url: str) -> Iterator[str]:
    """The URL of a fresh copy of a database at head."""
    template = template_url.rpartition("/")[2].partition("?")[0]
    with scratch_database(server_url, template=template) as url:
        yield url
