"""Two tenants in a database at head, and a pooler of transactions before its server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from boards.database import Pool, create_engine, owner_session
from packages.backend.tests.database.transaction_pooler import Pooler, TransactionPooler
from packages.backend.tests.database.two_tenants import World, people
from packages.backend.tests.examples import Examples


@pytest.fixture
async def world(migrated_url: str, app_url: str, examples: Examples) -> AsyncIterator[World]:
    """A database of two tenants; the application's engine has one connection."""
    owner = create_engine(migrated_url, pool=Pool(size=1, overflow=0))
    app = create_engine(app_url, pool=Pool(size=1, overflow=0, pre_ping=False))
    async with owner_session(engine=owner) as session:
        ours = await people(session, examples, slug="ours")
        theirs = await people(session, examples, slug="theirs")
    yield World(app, owner, ours.tenant, theirs.tenant, ours.user, theirs.user, theirs.board)
    await app.dispose()
    await owner.dispose()


@pytest.fixture
def transaction_pooler(tmp_path_factory: pytest.TempPathFactory) -> Pooler:
    """Starts a pooler before a server's socket; gives the directory of the pooler's own."""

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
