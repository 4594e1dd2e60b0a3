"""Isolation, tried as an attacker would who can run SQL of their own in a tenant's session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from boards.database import Pool, create_engine, owner_session, tenant_session
from boards.dbmodels import (
    Board,
    BoardMember,
    CreditTransaction,
    Generation,
    GenerationInput,
    GenerationTag,
    LoraModel,
    ProviderConfig,
    Tag,
    Tenant,
    User,
    target_metadata,
)

DENIED = "42501"
FOREIGN_KEY = "23503"
TABLES = tuple(table.name for table in target_metadata.sorted_tables)
KEYS = {name: "id" if name == "tenants" else "tenant_id" for name in TABLES}
APPEND_ONLY = {"tenants": "SELECT", "credit_transactions": "SELECT, INSERT"}


@dataclass(frozen=True, slots=True)
class World:
    """Two tenants that have a row in every table, and the engines of both logins."""

    app: AsyncEngine
    owner: AsyncEngine
    ours: UUID
    theirs: UUID
    our_user: UUID
    their_user: UUID
    their_board: UUID


@pytest.fixture
async def world(migrated_url: str, app_url: str) -> AsyncIterator[World]:
    """A database of two tenants; the application's engine has one connection."""
    owner = create_engine(migrated_url, pool=Pool(size=1, overflow=0))
    app = create_engine(app_url, pool=Pool(size=1, overflow=0, pre_ping=False))
    async with owner_session(engine=owner) as session:
        ours, our_user, _ = await people(session, slug="ours")
        theirs, their_user, their_board = await people(session, slug="theirs")
    yield World(app, owner, ours, theirs, our_user, their_user, their_board)
    await app.dispose()
    await owner.dispose()


async def people(session: AsyncSession, *, slug: str) -> tuple[UUID, UUID, UUID]:
    """A tenant with a row in every table; its id, its user's and its board's."""
    tenant, user, board, generation, tag = (uuid4() for _ in range(5))
    owned = {"tenant_id": tenant}
    rows = (
        Tenant(id=tenant, name=slug, slug=slug),
        User(**owned, id=user, auth_provider="test", auth_subject=slug, email=f"{slug}@x.example"),
        ProviderConfig(**owned, provider_name="p", config={"key": slug}),
        Board(**owned, id=board, owner_id=user, title=slug),
        BoardMember(**owned, board_id=board, user_id=user, role="admin"),
        Generation(
            **owned,
            id=generation,
            board_id=board,
            user_id=user,
            generator_name="g",
            artifact_type="image",
            input_params={},
        ),
        GenerationInput(
            **owned,
            generation_id=generation,
            position=0,
            input_generation_id=generation,
            role="source",
        ),
        CreditTransaction(
            **owned, user_id=user, transaction_type="grant", amount=1, balance_after=1
        ),
        LoraModel(**owned, user_id=user, name="l", base_model="b", storage_url="s", config={}),
        Tag(**owned, id=tag, name=slug, slug=slug),
        GenerationTag(**owned, generation_id=generation, tag_id=tag),
    )
    for row in rows:
        session.add(row)
        await session.flush()
    return tenant, user, board


async def refused(session: AsyncSession, statement: str, **values: object) -> str:
    """The SQLSTATE with which PostgreSQL refuses the statement; the transaction goes on."""
    with pytest.raises(DBAPIError) as caught:
        async with session.begin_nested():
            await session.execute(text(statement), values)
    return str(getattr(caught.value.orig, "sqlstate", ""))


async def count(session: AsyncSession, relation: str) -> int:
    """How many rows the session sees."""
    return int((await session.execute(text(f"SELECT count(*) FROM {relation}"))).scalar_one())


async def as_owner(world: World, *statements: str) -> None:
    """Sends the statements as the owner."""
    async with owner_session(engine=world.owner) as session:
        for statement in statements:
            await session.execute(text(statement))


async def test_owner_sees_all(world: World) -> None:
    """The control: the owner's session sees both tenants' rows in every table."""
    async with owner_session(engine=world.owner) as session:
        assert {name: await count(session, f"public.{name}") >= 2 for name in TABLES} == (
            dict.fromkeys(TABLES, True)
        )


async def test_only_own_rows(world: World) -> None:
    """A tenant's session sees exactly the tenant's own row of each table."""
    async with tenant_session(world.ours, engine=world.app) as session:
        for name, key in KEYS.items():
            rows = await session.execute(text(f"SELECT DISTINCT {key} FROM public.{name}"))
            assert rows.scalars().all() == [world.ours], name


@pytest.mark.parametrize("setting", ["RESET app.tenant_id", "SET LOCAL app.tenant_id = ''"])
async def test_no_tenant(setting: str, world: World) -> None:
    """Without a tenant, and with the empty one that a pooled connection keeps, there is no row."""
    async with tenant_session(world.ours, engine=world.app) as session:
        await session.execute(text(setting))

        assert [await count(session, f"public.{name}") for name in TABLES] == [0] * len(TABLES)


async def test_login_outside_of_a_session(world: World) -> None:
    """The application's login without a tenant's session gets nothing, as its role or itself."""
    async with world.app.begin() as connection:
        await connection.execute(text("SET LOCAL ROLE boards_app"))
        rows = await connection.execute(text("SELECT count(*) FROM public.users"))
        assert rows.scalar_one() == 0
        assert await nothing_as_itself(AsyncSession(connection))


async def nothing_as_itself(session: AsyncSession) -> bool:
    """Whether the login itself reads no row: it has no right to, or the policies hide them."""
    await session.execute(text("RESET ROLE"))
    try:
        async with session.begin_nested():
            return await count(session, "public.users") == 0
    except DBAPIError as error:
        return getattr(error.orig, "sqlstate", "") == DENIED


async def test_unknown_tenant(world: World) -> None:
    """A well-formed tenant that does not exist owns nothing."""
    async with tenant_session(uuid4(), engine=world.app) as session:
        assert [await count(session, f"public.{name}") for name in TABLES] == [0] * len(TABLES)


@pytest.mark.parametrize("value", ["nobody", "00000000", "%", "''"])
async def test_malformed_setting(value: str, world: World) -> None:
    """A malformed app.tenant_id makes every query fail; it never shows a row."""
    async with tenant_session(world.ours, engine=world.app) as session:
        await session.execute(
            text("SELECT set_config('app.tenant_id', :value, true)"), {"value": value}
        )

        assert await refused(session, "SELECT * FROM public.users") == "22P02"


@pytest.mark.parametrize("name", [name for name in TABLES if name not in APPEND_ONLY])
async def test_rows_of_another_tenant(name: str, world: World) -> None:
    """DELETE without any condition, and one that names the other tenant, leaves its rows alone."""
    async with tenant_session(world.ours, engine=world.app) as session:
        theirs = {"theirs": world.theirs}
        delete = text(f"DELETE FROM public.{name} WHERE tenant_id = :theirs RETURNING 1")
        assert (await session.execute(delete, theirs)).all() == []
        await session.rollback()

    async with owner_session(engine=world.owner) as session:
        assert await count(session, f"public.{name} WHERE tenant_id = '{world.theirs}'") == 1


async def test_update_of_another_tenants_row(world: World) -> None:
    """UPDATE without a condition changes the tenant's own rows only."""
    async with tenant_session(world.ours, engine=world.app) as session:
        changed = await session.execute(text("UPDATE public.boards SET title = 'x' RETURNING 1"))
        assert len(changed.all()) == 1

    async with owner_session(engine=world.owner) as session:
        titles = await session.execute(text("SELECT title FROM public.boards ORDER BY title"))
        assert titles.scalars().all() == ["theirs", "x"]


async def test_insert_for_another_tenant(world: World) -> None:
    """A row for another tenant is refused, even one that would be valid there."""
    insert = """
        INSERT INTO public.boards (tenant_id, owner_id, title)
        VALUES (:tenant, :owner, 'planted')
    """
    async with tenant_session(world.ours, engine=world.app) as session:
        theirs = {"tenant": world.theirs, "owner": world.their_user}
        assert await refused(session, insert, **theirs) == DENIED
        await session.execute(text(insert), {"tenant": world.ours, "owner": world.our_user})


async def test_update_to_another_tenant(world: World) -> None:
    """A row cannot be moved to another tenant, where nothing but the policy is in its way."""
    async with tenant_session(world.ours, engine=world.app) as session:
        move = "UPDATE public.provider_configs SET tenant_id = :theirs, provider_name = 'moved'"
        assert await refused(session, move, theirs=world.theirs) == DENIED


async def test_upsert_onto_another_tenants_row(world: World) -> None:
    """ON CONFLICT cannot reach another tenant's row: inserting it is refused first."""
    upsert = """
        INSERT INTO public.provider_configs (tenant_id, provider_name, config)
        VALUES (:theirs, 'p', '{}')
        ON CONFLICT (tenant_id, provider_name) DO UPDATE SET config = excluded.config
    """
    async with tenant_session(world.ours, engine=world.app) as session:
        assert await refused(session, upsert, theirs=world.theirs) == DENIED


REFERENCES = {
    "board-of-their-user": (
        "INSERT INTO public.boards (tenant_id, owner_id, title) VALUES (:ours, :their_user, 'x')"
    ),
    "member-of-their-board": (
        "INSERT INTO public.board_members (tenant_id, board_id, user_id, role)"
        " VALUES (:ours, :their_board, :our_user, 'admin')"
    ),
    "board-given-to-their-user": "UPDATE public.boards SET owner_id = :their_user",
    "generation-on-their-board": "UPDATE public.generations SET board_id = :their_board",
    "credits-of-their-user": (
        "INSERT INTO public.credit_transactions"
        " (tenant_id, user_id, transaction_type, amount, balance_after)"
        " VALUES (:ours, :their_user, 'grant', 1, 1)"
    ),
}


@pytest.mark.parametrize("statement", REFERENCES.values(), ids=REFERENCES)
async def test_reference_to_another_tenants_row(statement: str, world: World) -> None:
    """A foreign key finds another tenant's row as little as one that does not exist."""
    known = {
        "ours": world.ours,
        "our_user": world.our_user,
        "their_user": world.their_user,
        "their_board": world.their_board,
    }
    nobody = known | {"their_user": uuid4(), "their_board": uuid4()}
    async with tenant_session(world.ours, engine=world.app) as session:
        for values in (known, nobody):
            used = {name: value for name, value in values.items() if f":{name}" in statement}
            assert await refused(session, statement, **used) == FOREIGN_KEY


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
async def test_another_role(statement: str, world: World, migrated_url: str) -> None:
    """No other role can be had, from the application's role nor from the login."""
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
    """The application's role cannot change the schema, the policies or the history's mark."""
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


async def test_views(world: World) -> None:
    """A security_invoker view is isolated; the control is a plain one, which reads as its owner."""
    await as_owner(
        world,
        "CREATE VIEW public.safe WITH (security_invoker) AS SELECT * FROM public.users",
        "CREATE VIEW public.unsafe AS SELECT * FROM public.users",
        "GRANT SELECT ON public.safe, public.unsafe TO boards_app",
    )

    async with tenant_session(world.ours, engine=world.app) as session:
        assert await count(session, "public.safe") == 1
        assert await count(session, "public.unsafe") == 2


async def test_functions(world: World) -> None:
    """A function is isolated; the control is a SECURITY DEFINER one, which reads as its owner."""
    body = "RETURNS bigint LANGUAGE sql SET search_path = pg_catalog, pg_temp"
    await as_owner(
        world,
        f"CREATE FUNCTION public.safe() {body} AS 'SELECT count(*) FROM public.users'",
        f"CREATE FUNCTION public.unsafe() {body} SECURITY DEFINER"
        " AS 'SELECT count(*) FROM public.users'",
    )

    async with tenant_session(world.ours, engine=world.app) as session:
        assert (await session.execute(text("SELECT public.safe()"))).scalar_one() == 1
        assert (await session.execute(text("SELECT public.unsafe()"))).scalar_one() == 2


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

    assert found == [("guard_credit_transactions", False)]


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
        assert seen.scalar_one() == "ours "


async def test_statistics(world: World) -> None:
    """The planner's statistics, which hold values of all tenants, are closed."""
    await as_owner(world, "ANALYZE public.users")

    async with tenant_session(world.ours, engine=world.app) as session:
        assert await count(session, "pg_catalog.pg_stats WHERE tablename = 'users'") == 0
    async with owner_session(engine=world.owner) as session:
        assert await count(session, "pg_catalog.pg_stats WHERE tablename = 'users'") > 0


async def test_same_statement_for_two_tenants(world: World) -> None:
    """A statement that stays prepared on the connection serves each tenant its own rows."""
    seen = []
    for tenant in (world.ours, world.theirs, world.ours):
        for _ in range(6):
            async with tenant_session(tenant, engine=world.app) as session:
                rows = await session.execute(text("SELECT tenant_id FROM public.users"))
                seen.append(rows.scalars().all() == [tenant])

    assert all(seen)


async def test_tenant_of_a_cancelled_request(world: World) -> None:
    """The request after one that was cancelled in a statement sees its own tenant only."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2), tenant_session(world.theirs, engine=world.app) as session:
            await session.execute(text("SELECT pg_sleep(10)"))

    async with tenant_session(world.ours, engine=world.app) as session:
        rows = await session.execute(text("SELECT tenant_id FROM public.users"))
        assert rows.scalars().all() == [world.ours]


async def test_orm_keeps_no_other_tenants_objects(world: World) -> None:
    """An object of another tenant cannot be had by its key."""
    async with tenant_session(world.ours, engine=world.app) as session:
        assert await session.get(Board, (world.theirs, world.their_board)) is None


async def test_what_nothing_protects_from(world: World) -> None:
    """Injected SQL that sets app.tenant_id itself is that tenant, as the documentation says."""
    async with tenant_session(world.ours, engine=world.app) as session:
        await session.execute(text(f"SET LOCAL app.tenant_id = '{world.theirs}'"))

        rows = await session.execute(text("SELECT tenant_id FROM public.users"))
        assert rows.scalars().all() == [world.theirs]
