"""Two tenants in a database at head, and a pooler of transactions before its server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from alembic_deploy.connect import run_on
from alembic_deploy.errors import ServerError
from alembic_deploy.url import DatabaseUrl
from alembic_proof.scratch import scratch_database
from boards.database import PoolOptions, create_engine
from packages.backend.tests.database.transaction_pooler import Pooler, TransactionPooler
from packages.backend.tests.database.two_tenants import SUPERUSER, Tenant, World, add_two_tenants
from packages.backend.tests.examples import Examples


@pytest.fixture(scope="module")
def two_tenants(
    server_url: str, template_url: str, examples: Examples
) -> Iterator[tuple[str, Tenant, Tenant]]:
    """Yield the URL of a database of two tenants, and their ids; no test may change its rows."""
    template = DatabaseUrl.parse(template_url).database
    with scratch_database(server_url, template=template) as url:
        yield url, *add_two_tenants(url, examples)


@pytest.fixture
async def world(two_tenants: tuple[str, Tenant, Tenant], app_login: str) -> AsyncIterator[World]:
    """Yield two tenants in the database that a module shares; no test may change its rows."""
    async with _opened(*two_tenants, app_login=app_login) as world:
        yield world


@pytest.fixture
async def own_world(migrated_url: str, examples: Examples, app_login: str) -> AsyncIterator[World]:
    """Yield two tenants in a database of the test's own, which it may change."""
    ours, theirs = await asyncio.to_thread(add_two_tenants, migrated_url, examples)
    async with _opened(migrated_url, ours, theirs, app_login=app_login) as world:
        yield world


@pytest.fixture
def superuser_url(migrated_url: str) -> str:
    """Return the URL of the test's own database as the superuser of the scratch server."""
    url = DatabaseUrl.parse(migrated_url).with_user(SUPERUSER).dsn
    try:
        run_on(url, lambda connection: connection.exec_driver_sql("SELECT 1"))
    except ServerError:
        pytest.skip("the scratch server is another's: it has no superuser for us")
    return url


@asynccontextmanager
async def _opened(
    url: str, ours: Tenant, theirs: Tenant, *, app_login: str
) -> AsyncIterator[World]:
    """Yield the tenants with an engine for each login; the application's has one connection."""
    app_url = DatabaseUrl.parse(url).with_user(app_login).dsn
    owner = create_engine(url, pool=PoolOptions(size=1, overflow=0))
    app = create_engine(app_url, pool=PoolOptions(size=1, overflow=0, pre_ping=False))
    yield World(app, owner, ours.tenant, theirs.tenant, ours.user, theirs.user, theirs.board)
    await app.dispose()
    await owner.dispose()


@pytest.fixture
def transaction_pooler(tmp_path_factory: pytest.TempPathFactory) -> Pooler:
    """Yield a function that starts a pooler before a server's socket and returns its directory."""

    @asynccontextmanager
    async def start(server: Path) -> AsyncIterator[Path]:
        pooler = TransactionPooler(server)
        directory = tmp_path_factory.mktemp("pool")
        path = directory / ".s.PGSQL.5432"
        listener = await asyncio.start_unix_server(pooler.serve, path)
        try:
            yield directory
        finally:
            listener.close()
            for backend in pooler.opened:
                backend.writer.close()

    return start
