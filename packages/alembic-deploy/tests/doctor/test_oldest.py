"""Every check works on the oldest supported PostgreSQL, which has a fault of its own."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from alembic_deploy.connect import run_on
from alembic_deploy.doctor.check import Expectations
from alembic_deploy.doctor.examine import examine
from alembic_deploy.errors import DeployError
from alembic_deploy.url import DatabaseUrl
from alembic_proof.scratch import scratch_database
from local_postgres.errors import LocalPostgresError
from local_postgres.server import LocalServer, start

OLDEST = "15"


@pytest.fixture
def oldest_url(scratch_state: Path) -> Iterator[str]:
    """Yield the URL of an empty database on PostgreSQL 15, as its superuser."""
    server = LocalServer(scratch_state, durable=False)
    try:
        running = start(server, {**os.environ, "ALEMBIC_PROOF_PG_MAJOR": OLDEST})
    except (DeployError, LocalPostgresError) as error:
        pytest.skip(f"PostgreSQL {OLDEST} cannot be had here: {error.what}")
    with scratch_database(running.url("postgres")) as url:
        yield url


@pytest.mark.parametrize(
    ("options", "found"), [("LOGIN", []), ("LOGIN CREATEROLE", ["createrole"])]
)
def test_an_owner_with_createrole(oldest_url: str, options: str, found: list[str]) -> None:
    """Before PostgreSQL 16 it can become a superuser; one without it is sound there."""
    login = f"doctor_{secrets.token_hex(6)}"
    run_on(oldest_url, lambda opened: opened.exec_driver_sql(f"CREATE ROLE {login} {options}"))
    own = DatabaseUrl.parse(oldest_url).with_user(login).dsn
    expected = Expectations(app_login="pg_monitor", app_role="pg_monitor", tenant_column="t")
    try:
        seen = run_on(own, lambda connection: examine(connection, expected=expected))
    finally:
        run_on(oldest_url, lambda opened: opened.exec_driver_sql(f"DROP ROLE {login}"))

    assert [one.id for one in seen] == found
