"""Databases for Boards' tests: empty scratch ones, copies of one at head, one of the models' own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from alembic import command
from alembic.config import Config

from alembic_proof.env import DatabaseUrl
from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.scratch import scratch_database, scratch_server
from boards.dbmodels import target_metadata
from boards.dbmodels.roles import bootstrap_statements
from packages.backend.tests.examples import Examples

ROOT = Path(__file__).resolve().parents[3]
ALEMBIC_INI = ROOT / "packages" / "backend" / "alembic.ini"
GIVEN_SERVERS = ("ALEMBIC_PROOF_TEST_SERVER", "BOARDS_SCRATCH_URL")


@pytest.fixture(scope="session")
def server_url() -> str:
    """The admin URL of the scratch server: an ordinary role that may create databases."""
    given = filter(None, map(os.environ.get, GIVEN_SERVERS))
    return next(given, None) or scratch_server(os.environ, state=ROOT / ".postgres")


@pytest.fixture
def scratch_url(server_url: str) -> Iterator[str]:
    """The URL of a fresh, empty database, as its owner."""
    with scratch_database(server_url) as url:
        yield url


@pytest.fixture(scope="session")
def template_url(server_url: str) -> Iterator[str]:
    """The URL of a database at head; nobody stays connected to it, it is there to be copied."""
    with scratch_database(server_url, label="template") as url:
        config = Config(str(ALEMBIC_INI), attributes={"url": url, "quiet": True})
        command.upgrade(config, "head")
        yield url


@pytest.fixture
def migrated_url(server_url: str, template_url: str) -> Iterator[str]:
    """The URL of a fresh copy of a database at head, as its owner."""
    template = DatabaseUrl.parse(template_url).database
    with scratch_database(server_url, template=template) as url:
        yield url


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
def examples(models_url: str) -> Examples:
    """Rows for every table of the models."""
    return run_on(models_url, Examples.of)


@pytest.fixture(scope="session")
def app_login(server_url: str) -> Iterator[str]:
    """A login of the application's, for this run: owns nothing, is a member of boards_app."""
    name = f"boards_test_{uuid4().hex[:8]}"
    send(server_url, f"CREATE ROLE {name} LOGIN", *bootstrap_statements(name))
    yield name
    send(server_url, f"DROP ROLE {name}")


@pytest.fixture
def app_url(migrated_url: str, app_login: str) -> str:
    """The application's URL of the database that `migrated_url` is the owner's of."""
    return DatabaseUrl.parse(migrated_url).with_user(app_login).dsn


def send(url: str, *statements: str) -> None:
    """Sends the statements in one transaction."""
    run_on(url, lambda connection: [connection.exec_driver_sql(sql) for sql in statements])
