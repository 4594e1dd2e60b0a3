"""Databases for Boards' tests: copies of one at head, and one of the models' own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy.exc import DBAPIError

from alembic_deploy.connect import run_on
from alembic_deploy.url import DatabaseUrl
from alembic_proof.scratch import scratch_database
from boards.database.roles import bootstrap_statements
from boards.dbmodels import target_metadata
from packages.backend.tests.examples import Examples

ROOT = Path(__file__).resolve().parents[3]
ALEMBIC_INI = ROOT / "packages" / "backend" / "alembic.ini"


@pytest.fixture(scope="session")
def template_url(server_url: str) -> Iterator[str]:
    """Provide the URL of a database at head, to be copied: no connection to it stays open."""
    with scratch_database(server_url, label="template") as url:
        config = Config(str(ALEMBIC_INI), attributes={"url": url, "quiet": True})
        command.upgrade(config, "head")
        yield url


@pytest.fixture
def migrated_url(server_url: str, template_url: str) -> Iterator[str]:
    """Provide the URL of a fresh copy of a database at head, as its owner."""
    template = DatabaseUrl.parse(template_url).database
    with scratch_database(server_url, template=template) as url:
        yield url


@pytest.fixture(scope="session")
def models_url(server_url: str) -> Iterator[str]:
    """Provide the URL of a database that `create_all()` built; every test on it rolls back.

    Its owner may become the application's role, so that one transaction can play both.
    """
    with scratch_database(server_url, label="models") as url:
        send(url, *bootstrap_statements(DatabaseUrl.parse(url).user))
        run_on(url, target_metadata.create_all)
        yield url


@pytest.fixture(scope="session")
def examples(models_url: str) -> Examples:
    """Provide example rows for every table of the models."""
    return run_on(models_url, Examples.of)


@pytest.fixture(scope="session")
def app_login(server_url: str) -> Iterator[str]:
    """Provide a login of the application's, for this run: owns nothing, is a member of boards_app."""
    name = f"boards_test_{uuid4().hex[:8]}"
    send(server_url, f"CREATE ROLE {name} LOGIN", *bootstrap_statements(name))
    yield name
    drop_member(server_url, name)


@pytest.fixture
def app_url(migrated_url: str, app_login: str) -> str:
    """Provide the URL of the same database as `migrated_url`, for the application's login."""
    return DatabaseUrl.parse(migrated_url).with_user(app_login).dsn


def drop_member(url: str, name: str) -> None:
    """Drop a login that is a member of boards_app.

    The bootstraps of tests in other processes let every member connect to their databases.
    """
    send(url, f"REVOKE boards_app FROM {name}")
    granted = f"""
        SELECT DISTINCT pg_catalog.quote_ident(datname)
        FROM pg_catalog.pg_database
        CROSS JOIN LATERAL pg_catalog.aclexplode(datacl) AS privilege
        WHERE privilege.grantee = CAST('{name}' AS regrole)
    """
    for attempt in range(20):
        databases = run_on(
            url, lambda connection: connection.exec_driver_sql(granted).scalars().all()
        )
        revokes = (f"REVOKE ALL ON DATABASE {database} FROM {name}" for database in databases)
        try:
            send(url, *revokes, f"DROP ROLE {name}")
        except DBAPIError:  # one of the databases is just dropped, or a bootstrap is at work there
            if attempt == 19:
                raise
            time.sleep(0.2)
        else:
            return


def send(url: str, *statements: str) -> None:
    """Send the statements in one transaction."""
    run_on(url, lambda connection: [connection.exec_driver_sql(sql) for sql in statements])
