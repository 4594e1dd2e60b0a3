"""A session is isolated in each of its transactions, and leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from alembic_deploy.errors import ConfigError
from boards.database import (
    MalformedTenantError,
    PoolOptions,
    create_engine,
    owner_session,
    tenant_session,
)
from boards.dbmodels import Tenant, User

WHO = text("SELECT current_user, current_setting('app.tenant_id', true), pg_backend_pid()")


@pytest.fixture
async def engine(app_url: str) -> AsyncIterator[AsyncEngine]:
    """Yield the application's engine with one connection, so that every session gets the same."""
    engine = create_engine(app_url, pool=PoolOptions(size=1, overflow=0, wait_s=1, pre_ping=False))
    yield engine
    await engine.dispose()


async def who(session: AsyncSession | AsyncConnection) -> tuple[str, str | None]:
    """Return the role and the tenant of the transaction."""
    role, tenant, _ = (await session.execute(WHO)).one()
    return role, tenant


async def pid_and_tenant(engine: AsyncEngine) -> tuple[int, bool]:
    """Return the pooled connection's process, and whether it has anybody's tenant or role."""
    async with engine.connect() as connection:
        query = "SELECT pg_backend_pid(), current_user = session_user, {}"
        setting = "coalesce(current_setting('app.tenant_id', true), '') = ''"
        pid, is_login, is_nobody = (await connection.execute(text(query.format(setting)))).one()
        return pid, is_login and is_nobody


async def test_every_transaction(engine: AsyncEngine) -> None:
    """After a commit and after a rollback in its middle the session is as isolated as before."""
    tenant = uuid4()
    async with tenant_session(tenant, engine=engine) as session:
        first = await who(session)
        await session.commit()
        second = await who(session)
        await session.rollback()
        third = await who(session)

    assert first == second == third == ("boards_app", str(tenant))


async def test_savepoints(engine: AsyncEngine) -> None:
    """A rollback to a savepoint keeps the role and the tenant."""
    tenant = uuid4()
    async with tenant_session(tenant, engine=engine) as session:
        with pytest.raises(DBAPIError):
            async with session.begin_nested():
                await session.execute(text("SELECT 1 / 0"))

        assert await who(session) == ("boards_app", str(tenant))


async def test_first_statement_in_a_savepoint(engine: AsyncEngine) -> None:
    """A session that begins with a savepoint is isolated inside it and after it."""
    tenant = uuid4()
    async with tenant_session(tenant, engine=engine) as session:
        async with session.begin_nested() as nested:
            inside = await who(session)
            await nested.rollback()

        assert inside == await who(session) == ("boards_app", str(tenant))


async def test_sessions_in_parallel(app_url: str) -> None:
    """Sessions of several tenants at once each stay their own."""
    engine = create_engine(app_url, pool=PoolOptions(size=4, overflow=0))
    tenants = [uuid4() for _ in range(20)]

    async def visit(tenant: object) -> bool:
        async with tenant_session(str(tenant), engine=engine) as session:
            await asyncio.sleep(0)
            return await who(session) == ("boards_app", str(tenant))

    assert all(await asyncio.gather(*map(visit, tenants)))
    await engine.dispose()


async def test_nothing_stays_after_commit(engine: AsyncEngine) -> None:
    """After a commit, the pooled connection has neither tenant nor role."""
    async with tenant_session(uuid4(), engine=engine) as session:
        pid = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()

    assert await pid_and_tenant(engine) == (pid, True)


async def test_nothing_stays_after_rollback(engine: AsyncEngine) -> None:
    """After a rollback, the pooled connection has neither tenant nor role."""
    async with tenant_session(uuid4(), engine=engine) as session:
        pid = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        await session.rollback()

    assert await pid_and_tenant(engine) == (pid, True)


async def test_nothing_stays_after_an_error(engine: AsyncEngine) -> None:
    """After a failed statement, the pooled connection has neither tenant nor role."""
    pid = 0
    with pytest.raises(DBAPIError):  # noqa: PT012 - the block is what fails
        async with tenant_session(uuid4(), engine=engine) as session:
            pid = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            await session.execute(text("SELECT * FROM public.no_such_table"))

    assert await pid_and_tenant(engine) == (pid, True)


async def test_nothing_stays_after_an_exception(engine: AsyncEngine) -> None:
    """An exception of the caller rolls back; the connection has neither tenant nor role."""
    with pytest.raises(LookupError):  # noqa: PT012 - the block is what fails
        async with tenant_session(uuid4(), engine=engine) as session:
            await session.execute(text("SELECT 1"))
            raise LookupError

    assert (await pid_and_tenant(engine))[1]


async def test_nothing_stays_after_cancellation(engine: AsyncEngine) -> None:
    """After a cancelled request, the pooled connection has neither tenant nor role."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2), tenant_session(uuid4(), engine=engine) as session:
            await session.execute(text("SELECT pg_sleep(10)"))

    assert (await pid_and_tenant(engine))[1]


@pytest.mark.parametrize("delay_ms", [0, 1, 2, 3, 4, 5, 6, 8, 10, 15])
async def test_cancelled_at_any_moment(delay_ms: int, engine: AsyncEngine) -> None:
    """Wherever a cancellation strikes, the next session is its own tenant's and none else's."""
    for tenant in (uuid4(), uuid4(), uuid4()):
        with suppress(TimeoutError):
            async with asyncio.timeout(delay_ms / 1000):
                async with tenant_session(uuid4(), engine=engine) as session:
                    await session.execute(text("SELECT count(*) FROM public.users"))
                    await session.commit()
                    await session.execute(text("SELECT count(*) FROM public.users"))

        assert (await pid_and_tenant(engine))[1]
        async with tenant_session(tenant, engine=engine) as session:
            assert await who(session) == ("boards_app", str(tenant))


async def test_session_level_setting(engine: AsyncEngine) -> None:
    """A tenant set for the whole connection, not LOCAL, ends when the connection goes back."""
    async with tenant_session(uuid4(), engine=engine) as session:
        await session.execute(text(f"SET app.tenant_id = '{uuid4()}'"))
        await session.execute(text("SET ROLE boards_app"))

    assert (await pid_and_tenant(engine))[1]


async def test_autocommit_refused(app_url: str) -> None:
    """Without a transaction there is no isolation, so AUTOCOMMIT is refused."""
    engine = create_engine(app_url).execution_options(isolation_level="AUTOCOMMIT")

    with pytest.raises(InvalidRequestError, match="AUTOCOMMIT"):
        async with tenant_session(uuid4(), engine=engine) as session:
            await session.execute(text("SELECT 1"))
    await engine.dispose()


async def test_malformed_tenant_sends_nothing() -> None:
    """A malformed tenant is refused before any connection is opened."""
    engine = create_engine("postgresql://boards@192.0.2.1/boards?connect_timeout=1")

    with pytest.raises(MalformedTenantError):
        async with tenant_session("'; RESET ROLE; --", engine=engine):
            pytest.fail("the session was opened")


async def test_commits_at_the_end(app_url: str, migrated_url: str) -> None:
    """Rows are committed when the session's block ends, and not when it raises."""
    engine, owner = create_engine(app_url), create_engine(migrated_url)
    tenant = Tenant(name="Kept", slug="kept")
    async with owner_session(engine=owner) as session:
        session.add(tenant)
    async with tenant_session(tenant.id, engine=engine) as session:
        session.add(User(tenant_id=tenant.id, auth_provider="x", auth_subject="kept"))
    with pytest.raises(LookupError):  # noqa: PT012 - the block is what fails
        async with tenant_session(tenant.id, engine=engine) as session:
            session.add(User(tenant_id=tenant.id, auth_provider="x", auth_subject="gone"))
            await session.flush()
            raise LookupError

    async with owner_session(engine=owner) as session:
        subjects = await session.execute(text("SELECT auth_subject FROM public.users"))
        assert subjects.scalars().all() == ["kept"]
    await engine.dispose()
    await owner.dispose()


async def test_urls_from_the_environment(
    app_url: str, migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an engine the two sessions open the databases that the environment names."""
    monkeypatch.setenv("BOARDS_APP_DATABASE_URL", app_url)
    monkeypatch.setenv("BOARDS_DATABASE_URL", migrated_url)
    tenant = uuid4()

    async with tenant_session(tenant) as session:
        assert await who(session) == ("boards_app", str(tenant))
    async with owner_session() as session:
        role, _ = await who(session)
        assert role == (await session.execute(text("SELECT session_user"))).scalar_one()


async def test_app_url_is_asked_for(migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner's URL never serves a tenant's session: the application's own is asked for."""
    monkeypatch.delenv("BOARDS_APP_DATABASE_URL", raising=False)
    monkeypatch.setenv("BOARDS_DATABASE_URL", migrated_url)

    with pytest.raises(ConfigError, match="BOARDS_APP_DATABASE_URL is not set"):
        async with tenant_session(uuid4()):
            pytest.fail("the session was opened")
