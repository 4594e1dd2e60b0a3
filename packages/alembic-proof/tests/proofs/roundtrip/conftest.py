"""Fixtures of the round trip's tests."""

from __future__ import annotations

from inspect import signature

import pytest
import sqlalchemy as sa

from alembic_deploy.connect import run_on
from alembic_proof.proofs import RowPlan

from .site import Connected, Site


@pytest.fixture
def row_plan() -> RowPlan:
    """Return the plan of the rows; a test with another one is parametrized with it."""
    return RowPlan()


@pytest.fixture
def site(scratch_url: str, row_plan: RowPlan) -> Site:
    """Return a fresh site, which is connected while the test runs."""
    return Site(scratch_url, row_plan)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test with a connection inside of `run_on`, which lets asyncpg be called like psycopg."""
    arguments = {name: pyfuncitem.funcargs[name] for name in signature(pyfuncitem.obj).parameters}
    found = [value for value in arguments.values() if isinstance(value, Connected)]
    if not found:
        return None

    def test(connection: sa.Connection) -> None:
        found[0].open(connection)
        pyfuncitem.obj(**arguments)

    run_on(found[0].url, test)
    return True
