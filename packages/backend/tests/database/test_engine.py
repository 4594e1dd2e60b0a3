"""Engines connect with every form of URL, pool connections, and reset them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFreeError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from alembic_deploy.errors import ConfigError
from alembic_deploy.url import DatabaseUrl
from boards.database.engine import PoolOptions, create_engine
from packages.backend.tests.database.plain_engine import plain_engine
from packages.backend.tests.database.transaction_pooler import Pooler

ONE = PoolOptions(size=1, overflow=0, wait_s=0.1, pre_ping=False)

FORMS = {
    "postgres": "postgres://{user}@/{database}?host={socket}",
    "postgresql": "postgresql://{user}@/{database}?host={socket}",
    "sqlalchemy": "postgresql+asyncpg://{user}@/{database}?host={socket}",
    "host-in-the-authority": "postgresql://{user}@{quoted}/{database}",
    "user-in-the-query": "postgresql:///{database}?host={quoted}&user={user}",
    "sslmode": "postgresql://{user}@/{database}?host={socket}&sslmode=prefer",
    "connect_timeout": "postgresql://{user}@/{database}?host={socket}&connect_timeout=5",
    "options": "postgresql://{user}@/{database}?host={socket}&options=-c%20statement_timeout%3D4s",
    "application_name": "postgres://{user}@/{database}?host={socket}&application_name=boards",
    "password": "postgresql://{user}:p%40ss%2Fword@/{database}?host={socket}",
}


@asynccontextmanager
async def opened(engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """Yield the engine, and dispose of it at the end."""
    try:
        yield engine
    finally:
        await engine.dispose()


async def backend_pid(engine: AsyncEngine) -> int:
    """Return the process of the server connection that one use of the engine gets."""
    async with engine.connect() as connection:
        return int((await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one())


async def one(connection: AsyncConnection, query: str) -> object:
    """Return the query's only value."""
    return (await connection.execute(text(query))).scalar_one()


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
async def test_url_forms_connect(form: str, scratch_url: str) -> None:
    """Every form of URL leads to the same database."""
    target = DatabaseUrl.parse(scratch_url)
    socket = target.hosts[0][0]
    url = form.format(
        user=target.user, database=target.database, socket=socket, quoted=quote(socket, safe="")
    )

    async with opened(create_engine(url, pool=None)) as engine, engine.connect() as connection:
        assert await one(connection, "SELECT current_database()") == target.database


async def test_url_parameters_arrive(scratch_url: str) -> None:
    """The session has the settings of the URL; an explicit application_name wins."""
    joint = "&" if "?" in scratch_url else "?"
    url = f"{scratch_url}{joint}application_name=web&options=-c%20statement_timeout%3D4s"

    async with opened(create_engine(url)) as engine, engine.connect() as connection:
        assert await one(connection, "SELECT current_setting('application_name')") == "web"
        assert await one(connection, "SELECT current_setting('statement_timeout')") == "4s"
    async with (
        opened(create_engine(url, application_name="worker")) as engine,
        engine.connect() as connection,
    ):
        assert await one(connection, "SELECT current_setting('application_name')") == "worker"


@pytest.mark.parametrize(
    "url", ["mysql://u:hunter2@h/d", "postgresql://u:hunter2@h:port/d", "postgresql+psycopg://u@/d"]
)
def test_url_refused(url: str) -> None:
    """A URL that cannot be used is refused without its password."""
    with pytest.raises(ConfigError) as caught:
        create_engine(url)

    assert "hunter2" not in str(caught.value)


async def test_pool_keeps(scratch_url: str) -> None:
    """A pool gives the same connection again; without one each use opens its own."""
    async with opened(create_engine(scratch_url, pool=ONE)) as engine:
        assert await backend_pid(engine) == await backend_pid(engine)
    async with opened(create_engine(scratch_url, pool=None)) as engine:
        assert await backend_pid(engine) != await backend_pid(engine)


async def test_pool_ends(scratch_url: str) -> None:
    """Without a free connection a client waits `wait_s` and gets an error; one overflow helps."""
    async with opened(create_engine(scratch_url, pool=ONE)) as engine, engine.connect():
        with pytest.raises(NoConnectionFreeError):
            await backend_pid(engine)
    roomy = PoolOptions(size=1, overflow=1, wait_s=0.1)
    async with opened(create_engine(scratch_url, pool=roomy)) as engine, engine.connect():
        assert await backend_pid(engine)


@pytest.mark.parametrize("pre_ping", [True, False])
async def test_pre_ping(scratch_url: str, pre_ping: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """A connection that died in the pool is replaced without an error, but only with `pre_ping`."""
    pool = PoolOptions(size=1, overflow=0, pre_ping=pre_ping)
    async with opened(create_engine(scratch_url, pool=pool)) as engine:
        await terminate(scratch_url, pid=await backend_pid(engine))

        if pre_ping:
            assert await backend_pid(engine)
        else:
            with pytest.raises(DBAPIError):
                await backend_pid(engine)


async def terminate(url: str, *, pid: int) -> None:
    """End another connection of the same login and wait until it is gone."""
    async with opened(create_engine(url, pool=None)) as engine, engine.connect() as connection:
        await connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})


LEFTOVERS = {
    "setting": (
        "SET app.tenant_id = 'left'",
        "SELECT coalesce(current_setting('app.tenant_id', true), '')",
        ("left", ""),
    ),
    "temporary-table": (
        "CREATE TEMPORARY TABLE seen AS SELECT 1 AS x",
        "SELECT to_regclass('pg_temp.seen') IS NULL",
        (False, True),
    ),
    "advisory-lock": (
        "SELECT pg_advisory_lock(7)",
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
        (1, 0),
    ),
    "prepared-statement": (
        "PREPARE planted AS SELECT 1",
        "SELECT count(*) FROM pg_prepared_statements WHERE from_sql",
        (1, 0),
    ),
    "held-cursor": (
        "DECLARE held CURSOR WITH HOLD FOR SELECT 1",
        "SELECT count(*) FROM pg_cursors WHERE is_holdable",
        (1, 0),
    ),
}


@pytest.mark.parametrize(("leave", "look", "expected"), LEFTOVERS.values(), ids=LEFTOVERS)
async def test_wiped(
    leave: str, look: str, expected: tuple[object, object], scratch_url: str
) -> None:
    """A connection that returns to the pool is reset; on a plain engine it keeps its state."""
    plain, clean = expected
    ours = create_engine(scratch_url, pool=ONE)
    theirs = plain_engine(scratch_url)
    for engine, remains in ((ours, clean), (theirs, plain)):
        async with opened(engine):
            async with engine.begin() as connection:
                await connection.execute(text(leave))
            async with engine.connect() as connection:
                assert await one(connection, look) == remains


async def test_wiped_after_cancellation(scratch_url: str) -> None:
    """A cancelled statement closes its connection; the pool opens a clean one."""
    async with opened(create_engine(scratch_url, pool=ONE)) as engine:
        with pytest.raises(TimeoutError):  # noqa: PT012
            async with asyncio.timeout(0.1), engine.begin() as connection:
                await connection.execute(text("SET app.tenant_id = 'left'"))
                await connection.execute(text("SELECT pg_sleep(5)"))

        async with engine.connect() as connection:
            assert await one(connection, "SELECT current_setting('app.tenant_id', true)") is None


@pytest.mark.parametrize("pgbouncer", [True, False])
async def test_no_prepared_statement_has_a_name(
    scratch_url: str,
    pgbouncer: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """SQL finds no prepared statement to replace; on a plain engine it finds some."""
    ours = create_engine(scratch_url, pool=ONE, pgbouncer=pgbouncer)
    for engine, has_some in ((ours, False), (plain_engine(scratch_url), True)):
        async with opened(engine), engine.connect() as connection:
            await connection.execute(text("SELECT CAST(:x AS uuid)"), {"x": None})
            found = await one(connection, "SELECT count(*) FROM pg_prepared_statements")
            assert bool(found) is has_some


async def test_rows_in_a_stream(scratch_url: str) -> None:
    """Other statements between the rows of a stream leave its rows as they are."""
    async with (
        opened(create_engine(scratch_url, pool=ONE)) as engine,
        engine.connect() as connection,
    ):
        rows = await connection.stream(text("SELECT n FROM generate_series(1, 200) AS n"))
        seen = [
            (row.n, await one(connection, f"SELECT {row.n} + 1"))
            async for row in rows.yield_per(50)
        ]

    assert seen == [(n, n + 1) for n in range(1, 201)]


@pytest.mark.parametrize("pgbouncer", [True, False, None])
async def test_behind_a_transaction_pooler(
    scratch_url: str,
    pgbouncer: bool | None,  # noqa: FBT001 - a parameter of the test
    transaction_pooler: Pooler,
) -> None:
    """Behind a pooler of transactions every one succeeds; on a plain engine (None) some fail."""
    target = DatabaseUrl.parse(scratch_url)
    socket = Path(target.hosts[0][0]) / f".s.PGSQL.{target.hosts[0][1] or 5432}"
    async with transaction_pooler(socket) as pooled:
        url = f"postgresql://{target.user}@/{target.database}?host={pooled}"
        pool = PoolOptions(size=8, overflow=0)
        engine = (
            plain_engine(url, size=8)
            if pgbouncer is None
            else create_engine(url, pool=pool, pgbouncer=pgbouncer)
        )
        async with opened(engine):
            outcomes = await asyncio.gather(
                *(transaction(engine, n) for n in range(40)), return_exceptions=True
            )

    failed = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert bool(failed) is (pgbouncer is None)


async def transaction(engine: AsyncEngine, number: int) -> None:
    """Return some statements with parameters that share a transaction."""
    async with engine.begin() as connection:
        for step in range(3):
            query = text("SELECT CAST(:x AS int) + CAST(:y AS int)")
            result = await connection.execute(query, {"x": number, "y": step})
            assert result.scalar_one() == number + step
            await asyncio.sleep(0.001)
