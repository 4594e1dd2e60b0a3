"""updated_at is set by a trigger that only the tables' owner can suspend."""

from __future__ import annotations

import asyncpg
import pytest

from boards.dbmodels import target_metadata
from packages.backend.tests.dbmodels.transaction import become_app
from packages.backend.tests.examples import World

TABLES = tuple(
    table.name for table in target_metadata.sorted_tables if "updated_at" in table.columns
)
LONG_AGO = "'2020-01-01 00:00:00+00'"
SUSPEND = "SET LOCAL boards.keep_updated_at = 'on'"


@pytest.fixture
async def aged(owner: asyncpg.Connection, full_world: World) -> World:
    """Provide a world whose rows were last changed long ago."""
    await owner.execute(SUSPEND)
    for table in TABLES:
        await owner.execute(f"UPDATE {table} SET updated_at = {LONG_AGO}")
    await owner.execute("SET LOCAL boards.keep_updated_at = 'off'")
    return full_world


async def ages(connection: asyncpg.Connection, table: str) -> set[bool]:
    """Return whether the table's rows were changed in this transaction."""
    rows = await connection.fetch(f"SELECT updated_at = now() AS is_new FROM {table}")
    return {row["is_new"] for row in rows}


@pytest.mark.parametrize("table", TABLES)
async def test_update_sets_updated_at(owner: asyncpg.Connection, aged: World, table: str) -> None:
    """An UPDATE sets updated_at to now, even if it assigns another time."""
    await owner.execute(f"UPDATE {table} SET created_at = created_at")
    first = await ages(owner, table)
    await owner.execute(f"UPDATE {table} SET updated_at = {LONG_AGO}")

    assert first == {True}
    assert await ages(owner, table) == {True}


async def test_owner_can_suspend_it(owner: asyncpg.Connection, aged: World) -> None:
    """With boards.keep_updated_at on, the owner's UPDATE leaves updated_at alone."""
    await owner.execute(SUSPEND)
    await owner.execute("UPDATE users SET display_name = 'Ann'")

    assert await ages(owner, "users") == {False}


async def test_application_cannot_suspend_it(owner: asyncpg.Connection, aged: World) -> None:
    """The application's role may set the variable, but its UPDATE sets updated_at all the same."""
    await become_app(owner, aged.tenant)
    await owner.execute(SUSPEND)
    await owner.execute("UPDATE users SET display_name = 'Ann'")

    assert await ages(owner, "users") == {True}
