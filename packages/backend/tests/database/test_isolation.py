"""A tenant's session reaches its own rows and no other's, whatever it reads or writes."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text

from boards.database import owner_session, tenant_session
from boards.dbmodels import Base, Board, target_metadata
from boards.dbmodels.ddl import tenant_key
from packages.backend.tests.database.two_tenants import (
    DENIED,
    FOREIGN_KEY,
    TABLES,
    World,
    count,
    refused,
)

KEYS = {table.name: tenant_key(table) for table in target_metadata.sorted_tables}
DELETABLE = sorted(
    mapper.class_.__tablename__
    for mapper in Base.registry.mappers
    if "DELETE" in mapper.class_.app_privileges
)


async def test_owner_sees_all(world: World) -> None:
    """The control: the owner's session sees both tenants' rows in every table."""
    async with owner_session(engine=world.owner) as session:
        assert {name: await count(session, f"public.{name}") >= 2 for name in TABLES} == (
            dict.fromkeys(TABLES, True)
        )


async def test_only_own_rows(world: World) -> None:
    """A tenant's session sees the tenant's own rows of each table alone."""
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


@pytest.mark.parametrize("name", DELETABLE)
async def test_rows_of_another_tenant(name: str, world: World) -> None:
    """DELETE of all of another tenant's rows finds none, and leaves them alone."""
    async with tenant_session(world.ours, engine=world.app) as session:
        theirs = {"theirs": world.theirs}
        delete = text(f"DELETE FROM public.{name} WHERE {KEYS[name]} = :theirs RETURNING 1")
        assert (await session.execute(delete, theirs)).all() == []
        await session.rollback()

    async with owner_session(engine=world.owner) as session:
        assert await count(session, f"public.{name} WHERE {KEYS[name]} = '{world.theirs}'") > 0


async def test_update_of_another_tenants_row(own_world: World) -> None:
    """UPDATE without a condition changes the tenant's own rows only."""
    async with tenant_session(own_world.ours, engine=own_world.app) as session:
        changed = await session.execute(text("UPDATE public.boards SET title = 'x' RETURNING 1"))
        assert len(changed.all()) == 1

    async with owner_session(engine=own_world.owner) as session:
        titles = await session.execute(text("SELECT title FROM public.boards ORDER BY title"))
        assert titles.scalars().all() == ["theirs", "x"]


async def test_insert_for_another_tenant(own_world: World) -> None:
    """A row for another tenant is refused, even one that would be valid there."""
    insert = """
        INSERT INTO public.boards (tenant_id, owner_id, title)
        VALUES (:tenant, :owner, 'planted')
    """
    async with tenant_session(own_world.ours, engine=own_world.app) as session:
        theirs = {"tenant": own_world.theirs, "owner": own_world.their_user}
        assert await refused(session, insert, **theirs) == DENIED
        await session.execute(text(insert), {"tenant": own_world.ours, "owner": own_world.our_user})


async def test_update_to_another_tenant(world: World) -> None:
    """A row cannot be moved to another tenant, where nothing but the policy is in its way."""
    async with tenant_session(world.ours, engine=world.app) as session:
        move = "UPDATE public.provider_configs SET tenant_id = :theirs, provider_name = 'moved'"
        assert await refused(session, move, theirs=world.theirs) == DENIED


async def test_upsert_onto_another_tenants_row(world: World) -> None:
    """ON CONFLICT cannot reach another tenant's row: inserting it is refused first."""
    upsert = """
        INSERT INTO public.provider_configs (tenant_id, provider_name, config)
        VALUES (:theirs, 'replicate', '{}')
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
    """A foreign key does not find another tenant's row."""
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


async def test_same_statement_for_two_tenants(world: World) -> None:
    """A statement that stays prepared on the connection serves each tenant its own rows."""
    seen = []
    for tenant in (world.ours, world.theirs, world.ours):
        for _ in range(6):
            async with tenant_session(tenant, engine=world.app) as session:
                rows = await session.execute(text("SELECT tenant_id FROM public.users"))
                seen.append(set(rows.scalars()) == {tenant})

    assert all(seen)


async def test_tenant_of_a_cancelled_request(world: World) -> None:
    """The request after one that was cancelled in a statement sees its own tenant only."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2), tenant_session(world.theirs, engine=world.app) as session:
            await session.execute(text("SELECT pg_sleep(10)"))

    async with tenant_session(world.ours, engine=world.app) as session:
        rows = await session.execute(text("SELECT tenant_id FROM public.users"))
        assert set(rows.scalars()) == {world.ours}


async def test_orm_keeps_no_other_tenants_objects(world: World) -> None:
    """An object of another tenant cannot be had by its key."""
    async with tenant_session(world.ours, engine=world.app) as session:
        assert await session.get(Board, (world.theirs, world.their_board)) is None
