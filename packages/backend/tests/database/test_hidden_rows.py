"""What SQL in a tenant's session finds out about rows that the policies hide, and what it does not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from alembic_deploy.connect import run_on
from boards.database import owner_session, tenant_session
from packages.backend.tests.database.two_tenants import DENIED, World, as_owner, refused

STEERED = {
    "as-planned": (),
    "index": ("enable_seqscan", "enable_bitmapscan"),
    "bitmap": ("enable_seqscan", "enable_indexscan", "enable_indexonlyscan"),
    "sequential": ("enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan"),
}


async def explained(session: AsyncSession, query: str) -> dict[str, Any]:
    """Return the plan of a query that was executed, without what names the query's own value."""
    options = "ANALYZE, BUFFERS OFF, TIMING OFF, SUMMARY OFF, COSTS OFF, FORMAT JSON"
    found = (await session.execute(text(f"EXPLAIN ({options}) {query}"))).scalar_one()
    [plan] = found if isinstance(found, list) else json.loads(found)
    return dict(plan["Plan"])


async def removed_rows(world: World, condition: str, *, without: Sequence[str]) -> list[object]:
    """Return what plans tell of a tenant that exists and of one that does not."""
    shown: list[object] = []
    async with tenant_session(world.ours, engine=world.app) as session:
        for setting in without:
            await session.execute(text(f"SET LOCAL {setting} = off"))
        for slug in ("theirs", "nobody"):
            query = f"SELECT FROM public.tenants WHERE {condition.format(slug)}"
            plan = await explained(session, query)
            shown.append((plan.get("Rows Removed by Filter"), plan["Actual Loops"]))
    return shown


@pytest.mark.parametrize("without", STEERED.values(), ids=STEERED)
@pytest.mark.parametrize("condition", ["slug = '{}'", "slug BETWEEN '{0}' AND '{0}~'"])
async def test_plan_tells_no_slug(condition: str, without: tuple[str, ...], world: World) -> None:
    """EXPLAIN ANALYZE says the same of another tenant's slug and of one that nobody has."""
    theirs, nobody = await removed_rows(world, condition, without=without)

    assert theirs == nobody


async def test_plan_with_an_index_of_the_column(own_world: World) -> None:
    """The control: with an index of slug itself it tells which slugs exist."""
    await as_owner(own_world, "CREATE UNIQUE INDEX ON public.tenants (slug)")

    theirs, nobody = await removed_rows(own_world, "slug = '{}'", without=STEERED["index"])

    assert theirs != nobody


async def test_every_index_begins_with_the_tenant(world: World) -> None:
    """No index leads to rows by a column, which leakproof operators compare, but by the tenant's key."""
    query = """
        SELECT indexrelid::regclass::text, indrelid::regclass::text, attname
        FROM pg_catalog.pg_index
        JOIN pg_catalog.pg_class AS owner ON owner.oid = indrelid
        JOIN pg_catalog.pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
        WHERE owner.relrowsecurity
        AND attname <> CASE WHEN relname = 'tenants' THEN 'id' ELSE 'tenant_id' END
    """
    async with owner_session(engine=world.owner) as session:
        found = (await session.execute(text(query.replace("::", r"\:\:")))).all()
        indexes = await session.execute(text("SELECT count(*) FROM pg_index"))

    assert found == []
    assert indexes.scalar_one() > 20


async def test_estimates_tell_the_size_of_a_table(own_world: World) -> None:
    """As documented: EXPLAIN and pg_class tell how many rows all tenants have together."""
    await as_owner(
        own_world,
        "INSERT INTO public.tenants (name, slug) SELECT n, n FROM generate_series(1, 500) AS n",
        "ANALYZE public.tenants",
    )

    async with tenant_session(own_world.ours, engine=own_world.app) as session:
        query = "SELECT reltuples FROM pg_class WHERE oid = 'public.tenants'\\:\\:regclass"
        rows = (await session.execute(text(query))).scalar_one()
        visible = await session.execute(text("SELECT count(*) FROM public.tenants"))

    assert rows > 500
    assert visible.scalar_one() == 1


MODES = (
    "ACCESS SHARE",
    "ROW SHARE",
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE",
    "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
)


@pytest.mark.parametrize(
    ("table", "allowed"),
    [
        ("tenants", ("ACCESS SHARE",)),
        ("credit_transactions", ("ACCESS SHARE", "ROW EXCLUSIVE")),
        ("users", MODES),
    ],
)
async def test_lock_table(table: str, allowed: tuple[str, ...], world: World) -> None:
    """As documented: a role that may change a table's rows may also lock the table against all.

    PostgreSQL 16 lets a role that may INSERT take ROW SHARE as well.
    """
    async with tenant_session(world.ours, engine=world.app) as session:
        for mode in MODES:
            statement = f"LOCK TABLE public.{table} IN {mode} MODE"
            if mode in allowed:
                await session.execute(text(statement))
            elif mode != "ROW SHARE":
                assert await refused(session, statement) == DENIED


CLOSE_LARGE_OBJECTS = """
REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC
"""


async def test_large_objects_are_shared(own_world: World, superuser_url: str) -> None:
    """As documented: a large object is every tenant's, until a superuser closes the functions."""
    create = "SELECT lo_from_bytea(0, 'our secret')"
    async with tenant_session(own_world.ours, engine=own_world.app) as session:
        identifier = (await session.execute(text(create))).scalar_one()
    async with tenant_session(own_world.theirs, engine=own_world.app) as session:
        got = await session.execute(text(f"SELECT lo_get({identifier})"))
        assert bytes(got.scalar_one()) == b"our secret"

    await asyncio.to_thread(
        run_on, superuser_url, lambda one: one.exec_driver_sql(CLOSE_LARGE_OBJECTS)
    )

    async with tenant_session(own_world.ours, engine=own_world.app) as session:
        for statement in (create, "SELECT lo_create(0)", "SELECT lo_creat(-1)"):
            assert await refused(session, statement) == DENIED


async def test_prepared_transaction(world: World) -> None:
    """With PostgreSQL's default no transaction outlives its session: PREPARE TRANSACTION fails."""
    async with world.app.connect() as connection:
        with pytest.raises(DBAPIError, match="prepared transactions are disabled"):
            await connection.exec_driver_sql("PREPARE TRANSACTION 'for ever'")
