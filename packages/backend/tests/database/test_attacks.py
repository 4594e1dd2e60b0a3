"""Isolation, tried as an attacker would who can run SQL of their own in a tenant's session."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from alembic_deploy.advisory_lock import CLASS_KEY, VersionTable, advisory_lock
from alembic_deploy.connect import run_on
from alembic_deploy.errors import DatabaseError
from alembic_deploy.url import DatabaseUrl
from boards.database import owner_session, tenant_session
from packages.backend.tests.database.plain_engine import plain_engine
from packages.backend.tests.database.two_tenants import (
    DENIED,
    TABLES,
    Tenant,
    World,
    as_owner,
    count,
    refused,
)


async def test_login_outside_of_a_session(world: World) -> None:
    """The application's login without a tenant's session gets nothing, as its role or itself."""
    async with world.app.begin() as connection:
        await connection.execute(text("SET LOCAL ROLE boards_app"))
        rows = await connection.execute(text("SELECT count(*) FROM public.users"))
        assert rows.scalar_one() == 0
        assert await nothing_as_itself(AsyncSession(connection))


async def nothing_as_itself(session: AsyncSession) -> bool:
    """Return whether the login itself reads no row: without the privilege, or because of policies."""
    await session.execute(text("RESET ROLE"))
    try:
        async with session.begin_nested():
            return await count(session, "public.users") == 0
    except DBAPIError as error:
        return getattr(error.orig, "sqlstate", "") == DENIED


async def test_row_security_off(world: World) -> None:
    """SET row_security = off makes queries fail instead of showing more."""
    async with tenant_session(world.ours, engine=world.app) as session:
        await session.execute(text("SET LOCAL row_security = off"))

        assert await refused(session, "SELECT * FROM public.users") == DENIED


async def test_reset_role(world: World) -> None:
    """RESET ROLE leads to the login, which sees no more than the application's role."""
    async with tenant_session(world.ours, engine=world.app) as session:
        await session.execute(text("RESET app.tenant_id"))

        assert await nothing_as_itself(session)


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE {owner}",
        "SET SESSION AUTHORIZATION {owner}",
        "SET ROLE pg_read_all_data",
        "SET ROLE pg_database_owner",
        "GRANT {owner} TO CURRENT_USER",
        "ALTER ROLE boards_app BYPASSRLS",
        "ALTER ROLE CURRENT_USER SUPERUSER",
    ],
)
async def test_another_role(statement: str, world: World) -> None:
    """No other role can be had, from the application's role or from the login."""
    async with owner_session(engine=world.owner) as session:
        owner = (await session.execute(text("SELECT current_user"))).scalar_one()
    async with tenant_session(world.ours, engine=world.app) as session:
        for first in ("SELECT 1", "RESET ROLE"):
            await session.execute(text(first))
            assert await refused(session, statement.format(owner=owner)) in (DENIED, "0LP01")


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE public.users DISABLE ROW LEVEL SECURITY",
        "DROP POLICY users_isolation ON public.users",
        "CREATE POLICY open ON public.users USING (true)",
        "ALTER POLICY users_isolation ON public.users USING (true)",
        "ALTER TABLE public.users OWNER TO CURRENT_USER",
        "CREATE TABLE public.planted (id int)",
        "CREATE VIEW public.planted AS SELECT 1",
        "CREATE FUNCTION public.planted() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP TABLE public.users",
        "UPDATE public.alembic_version SET version_num = 'x'",
        "COPY public.users TO '/tmp/users'",
    ],
)
async def test_schema_is_not_theirs(statement: str, world: World) -> None:
    """The application's role cannot change the schema, the policies or the version table."""
    async with tenant_session(world.ours, engine=world.app) as session:
        assert await refused(session, statement) == DENIED


@pytest.mark.parametrize("name", TABLES)
async def test_truncate(name: str, world: World) -> None:
    """TRUNCATE, which policies do not see, is not granted on any table."""
    async with tenant_session(world.ours, engine=world.app) as session:
        assert await refused(session, f"TRUNCATE public.{name} CASCADE") == DENIED


async def test_ledger_is_append_only(world: World) -> None:
    """Not even its own tenant changes or removes a movement of credits."""
    async with tenant_session(world.ours, engine=world.app) as session:
        for statement in (
            "UPDATE public.credit_transactions SET amount = 1000",
            "DELETE FROM public.credit_transactions",
        ):
            assert await refused(session, statement) == DENIED


async def test_views(own_world: World) -> None:
    """A security_invoker view is isolated; the control is a plain one, which reads as its owner."""
    await as_owner(
        own_world,
        "CREATE VIEW public.safe WITH (security_invoker) AS SELECT * FROM public.users",
        "CREATE VIEW public.unsafe AS SELECT * FROM public.users",
        "GRANT SELECT ON public.safe, public.unsafe TO boards_app",
    )

    async with tenant_session(own_world.ours, engine=own_world.app) as session:
        ours = await count(session, "public.users")
        assert await count(session, "public.safe") == ours
        assert await count(session, "public.unsafe") > ours


async def test_functions(own_world: World) -> None:
    """A function is isolated; the control is a SECURITY DEFINER one, which reads as its owner."""
    body = "RETURNS bigint LANGUAGE sql SET search_path = pg_catalog, pg_temp"
    await as_owner(
        own_world,
        f"CREATE FUNCTION public.safe() {body} AS 'SELECT count(*) FROM public.users'",
        f"CREATE FUNCTION public.unsafe() {body} SECURITY DEFINER"
        " AS 'SELECT count(*) FROM public.users'",
    )

    async with tenant_session(own_world.ours, engine=own_world.app) as session:
        ours = await count(session, "public.users")
        assert (await session.execute(text("SELECT public.safe()"))).scalar_one() == ours
        assert (await session.execute(text("SELECT public.unsafe()"))).scalar_one() > ours


async def test_own_definer_functions_are_closed(world: World) -> None:
    """No SECURITY DEFINER function of the schema can be called by the application's role."""
    query = """
        SELECT proname, has_function_privilege('boards_app', oid, 'EXECUTE') AS callable
        FROM pg_catalog.pg_proc
        WHERE prosecdef
        AND pronamespace = 'public'::regnamespace
    """
    async with owner_session(engine=world.owner) as session:
        found = [tuple(row) for row in await session.execute(text(query))]

    assert ("guard_credit_transactions", False) in found
    assert [name for name, is_callable in found if is_callable] == []


async def test_leaky_function_in_a_condition(world: World) -> None:
    """A cheap function of the attacker's own is not called with rows that the policy hides."""
    leak = """
        CREATE FUNCTION pg_temp.leak(subject text) RETURNS boolean LANGUAGE plpgsql COST 0.0001
        AS 'BEGIN PERFORM set_config(''seen.all'', concat(current_setting(''seen.all'', true),
            subject, '' ''), true); RETURN true; END'
    """
    async with tenant_session(world.ours, engine=world.app) as session:
        await session.execute(text(leak.replace(":", r"\:")))
        await session.execute(text("SELECT * FROM public.users WHERE pg_temp.leak(auth_subject)"))

        seen = await session.execute(text("SELECT current_setting('seen.all')"))
        assert set(seen.scalar_one().split()) == {"ours", "guest"}
        assert await count(session, "public.users") == 2


async def test_statistics(world: World) -> None:
    """The planner's statistics, which contain values of all tenants, cannot be read."""
    await as_owner(world, "ANALYZE public.users")

    async with tenant_session(world.ours, engine=world.app) as session:
        assert await count(session, "pg_catalog.pg_stats WHERE tablename = 'users'") == 0
    async with owner_session(engine=world.owner) as session:
        assert await count(session, "pg_catalog.pg_stats WHERE tablename = 'users'") > 0


@pytest.fixture
def app_url_of_world(two_tenants: tuple[str, Tenant, Tenant], app_login: str) -> str:
    """Return the URL with which the application logs in to the shared database."""
    return DatabaseUrl.parse(two_tenants[0]).with_user(app_login).dsn


FORGE = """
DO $forge$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT name FROM pg_prepared_statements WHERE statement LIKE '%auth_subject%' LOOP
        EXECUTE format('DEALLOCATE %I', one.name);
        EXECUTE format('PREPARE %I AS SELECT ''forged''::text AS auth_subject', one.name);
    END LOOP;
END
$forge$
"""
SUBJECTS = text("SELECT auth_subject FROM public.users ORDER BY auth_subject")


@pytest.mark.parametrize("is_ours", [True, False])
async def test_prepared_statement_of_another_tenant(
    world: World,
    app_url_of_world: str,
    is_ours: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """What one tenant prepares under a name of the driver's does not answer another tenant.

    On a plain engine it does.
    """
    engine = world.app if is_ours else plain_engine(app_url_of_world)
    for tenant in (world.ours, world.theirs):
        async with tenant_session(tenant, engine=engine) as session:
            assert len((await session.scalars(SUBJECTS)).all()) == 2
    async with tenant_session(world.ours, engine=engine) as session:
        await session.scalars(SUBJECTS)
        await session.execute(text(FORGE.replace(":", r"\:")))

    async with tenant_session(world.theirs, engine=engine) as session:
        seen = (await session.scalars(SUBJECTS)).all()
    if not is_ours:
        await engine.dispose()

    assert ("forged" in seen) is not is_ours


async def test_advisory_lock_of_migrations(
    world: World, two_tenants: tuple[str, Tenant, Tenant], app_login: str
) -> None:
    """The application can take the migrations' lock: a migration ends, and names the session."""
    table = VersionTable()
    key = table.key - 2**32 if table.key >= 2**31 else table.key

    def wait(connection: Connection) -> None:
        with advisory_lock(connection, table, wait_s=0, print_line=print):
            pass

    await asyncio.to_thread(run_on, two_tenants[0], wait)  # free
    async with tenant_session(world.ours, engine=world.app) as session:
        pid = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        await session.execute(text(f"SELECT pg_advisory_lock({CLASS_KEY}, {key})"))

        with pytest.raises(DatabaseError, match="did not end within 0 s") as caught:
            await asyncio.to_thread(run_on, two_tenants[0], wait)

    assert f"process {pid}" in caught.value.where
    assert app_login in caught.value.where


async def test_what_nothing_protects_from(world: World) -> None:
    """Injected SQL that sets app.tenant_id itself is that tenant, as the documentation says."""
    async with tenant_session(world.ours, engine=world.app) as session:
        await session.execute(text(f"SET LOCAL app.tenant_id = '{world.theirs}'"))

        rows = await session.execute(text("SELECT tenant_id FROM public.users"))
        assert set(rows.scalars()) == {world.theirs}
