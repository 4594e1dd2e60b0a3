"""A migration needs a session of its own, which a pooler of transactions does not give."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from alembic_deploy.connect import run_on
from alembic_deploy.url import DatabaseUrl
from alembic_proof.catalog import diff, read_catalog
from packages.backend.tests.database.transaction_pooler import Pooler


async def test_an_upgrade_behind_a_pooler_is_refused(
    scratch_url: str, transaction_pooler: Pooler
) -> None:
    """The error says what to do, without the driver's advice on its caches."""
    target = DatabaseUrl.parse(scratch_url)
    socket = Path(target.hosts[0][0]) / f".s.PGSQL.{target.hosts[0][1] or 5432}"
    empty = await asyncio.to_thread(run_on, scratch_url, read_catalog)

    async with transaction_pooler(socket) as pooled:
        url = f"postgresql://{target.user}@/{target.database}?host={pooled}"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "boards", "upgrade"),
            env={**os.environ, "BOARDS_DATABASE_URL": url},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()

    errors = said.decode()
    assert process.returncode == 2, errors
    assert "a connection pooler that gives each transaction another session" in errors
    assert "connect to PostgreSQL itself" in errors
    assert "statement_cache_size" not in errors
    assert diff(empty, await asyncio.to_thread(run_on, scratch_url, read_catalog)) == ()
