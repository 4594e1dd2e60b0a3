"""The policies of row-level security, tested with plain SQL."""

from __future__ import annotations

import json
from uuid import uuid4

import asyncpg
import pytest

from boards.dbmodels import Base, target_metadata
from packages.backend.tests.dbmodels.transaction import become_app, count, refused
from packages.backend.tests.examples import Examples, World

DENIED = "42501"
MALFORMED = "22P02"
TABLES = tuple(table.name for table in target_metadata.sorted_tables)
APPENDABLE = tuple(
    sorted(
        mapper.class_.__tablename__
        for mapper in Base.registry.mappers
        if "INSERT" in mapper.class_.app_privileges and "tenant_id" in mapper.local_table.columns
    )
)


@pytest.mark.parametrize("table", TABLES)
async def test_tenant_sees_its_own_rows(
    owner: asyncpg.Connection, full_world: World, table: str, examples: Examples
) -> None:
    """The application sees one tenant's rows of a table: all of them and no other's."""
    everything = await count(owner, table)
    await examples.insert(owner, slug="theirs")
    await become_app(owner, full_world.tenant)

    assert await count(owner, table) == everything > 0


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("tenant", ["", str(uuid4())], ids=["none", "unknown"])
async def test_no_tenant_sees_no_rows(
    owner: asyncpg.Connection, full_world: World, table: str, tenant: str
) -> None:
    """Without a tenant, or with an unknown one, the application sees nothing and gets no error."""
    await become_app(owner, None)
    await owner.execute(f"SET LOCAL app.tenant_id = '{tenant}'")

    assert await count(owner, table) == 0


async def test_unset_setting_sees_no_rows(owner: asyncpg.Connection, world: World) -> None:
    """A session in which app.tenant_id was never set sees no rows and gets no error."""
    await owner.execute("SET LOCAL ROLE boards_app")

    assert await count(owner, "users") == 0


async def test_malformed_tenant_is_an_error(owner: asyncpg.Connection, world: World) -> None:
    """A setting that is not a uuid is an error, and matches no row."""
    await become_app(owner, None)
    await owner.execute("SET LOCAL app.tenant_id = 'everybody'")

    async with refused(owner, MALFORMED):
        await count(owner, "users")


@pytest.mark.parametrize("table", APPENDABLE)
async def test_row_cannot_be_written_for_another_tenant(
    owner: asyncpg.Connection, full_world: World, table: str, examples: Examples
) -> None:
    """An INSERT of another tenant's row is refused by the policy, whatever the row says."""
    theirs = await examples.insert(owner, slug="theirs")
    columns = ", ".join(
        column.name for column in target_metadata.tables[table].columns if not column.computed
    )
    await owner.execute(
        f"CREATE TEMP TABLE loot AS SELECT {columns} FROM {table} WHERE tenant_id = $1",
        theirs.tenant,
    )
    await owner.execute("GRANT SELECT ON loot TO boards_app")
    await become_app(owner, full_world.tenant)

    async with refused(owner, DENIED, match="row-level security"):
        await owner.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM loot")


@pytest.mark.parametrize("table", TABLES)
async def test_application_cannot_truncate(
    owner: asyncpg.Connection, world: World, table: str
) -> None:
    """The application cannot TRUNCATE, to which policies do not apply."""
    await become_app(owner, world.tenant)

    async with refused(owner, DENIED):
        await owner.execute(f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize("statement", ["UPDATE tenants SET name = 'Mine'", "DELETE FROM tenants"])
async def test_tenants_are_read_only(
    owner: asyncpg.Connection, world: World, statement: str
) -> None:
    """The application reads its tenant's row and cannot change it."""
    await become_app(owner, world.tenant)

    async with refused(owner, DENIED):
        await owner.execute(statement)


async def test_setting_is_read_once_a_statement(owner: asyncpg.Connection, world: World) -> None:
    """The policy's expression is an InitPlan, evaluated once and not for each row."""
    await become_app(owner, world.tenant)

    plan = json.loads(await owner.fetchval("EXPLAIN (FORMAT JSON) SELECT * FROM users"))

    subplans = [node.get("Parent Relationship") for node in plan[0]["Plan"].get("Plans", [])]
    assert "InitPlan" in subplans


async def test_owner_sees_all_tenants(
    owner: asyncpg.Connection, world: World, examples: Examples
) -> None:
    """The owner, who migrates, sees the rows of every tenant: the policies are not forced."""
    await examples.insert(owner, slug="theirs", is_everywhere=False)

    assert await count(owner, "tenants") == 2
