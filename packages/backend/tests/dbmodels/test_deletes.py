"""Deletes: a tenant is deleted with all its rows, a user who owns something cannot be deleted."""

from __future__ import annotations

from uuid import uuid4

import asyncpg
import pytest

from boards.dbmodels import target_metadata
from packages.backend.tests.dbmodels.transaction import count, insert, refused
from packages.backend.tests.examples import Examples, World

FOREIGN_KEY = "23503"
TABLES = tuple(table.name for table in target_metadata.sorted_tables)


async def test_deleting_a_tenant_deletes_its_rows(
    owner: asyncpg.Connection, full_world: World, examples: Examples
) -> None:
    """Deleting a tenant deletes its rows in every table and keeps those of another tenant."""
    theirs = await examples.insert(owner, slug="theirs")
    before = {table: await count(owner, table) for table in TABLES}

    await owner.execute("DELETE FROM tenants WHERE id = $1", full_world.tenant)

    after = {table: await count(owner, table) for table in TABLES}
    assert all(before.values())
    assert {table: 2 * rows for table, rows in after.items()} == before
    assert await owner.fetchval("SELECT id FROM tenants") == theirs.tenant


async def test_deleting_a_board_deletes_its_generations(
    owner: asyncpg.Connection, world: World
) -> None:
    """Deleting a board deletes its members and generations, with their inputs and tags."""
    await owner.execute("DELETE FROM boards WHERE id = $1", world.board)

    for table in ("board_members", "generations", "generation_inputs", "generation_tags"):
        assert await count(owner, table) == 0, table
    assert await count(owner, "tags") == 1


@pytest.mark.parametrize("end", ["source", "made"])
async def test_deleting_a_generation_deletes_its_lineage(
    owner: asyncpg.Connection, world: World, end: str
) -> None:
    """Deleting either generation of a lineage entry deletes the entry and not the other one."""
    await owner.execute("DELETE FROM generations WHERE id = $1", getattr(world, end))

    assert await count(owner, "generation_inputs") == 0
    assert await count(owner, "generations") == 1


async def test_deleting_a_tag_keeps_its_generations(
    owner: asyncpg.Connection, world: World
) -> None:
    """Deleting a tag removes it from its generations, which are kept."""
    await owner.execute("DELETE FROM tags")

    assert await count(owner, "generation_tags") == 0
    assert await count(owner, "generations") == 2


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("boards", "owner_id"),
        ("generations", "user_id"),
        ("lora_models", "user_id"),
        ("credit_transactions", "user_id"),
        ("board_members", "invited_by"),
    ],
)
async def test_user_who_owns_something_cannot_be_deleted(
    owner: asyncpg.Connection, world: World, table: str, column: str
) -> None:
    """A user whom a row names as its owner, payer or inviter cannot be deleted."""
    ann = uuid4()
    ours = {"tenant_id": world.tenant}
    await insert(owner, "users", **ours, id=ann, auth_provider="oidc", auth_subject="ann")
    if table == "credit_transactions":
        await owner.execute(
            "INSERT INTO credit_transactions"
            " (tenant_id, user_id, transaction_type, amount, balance_after)"
            f" VALUES ('{world.tenant}', '{ann}', 'grant', 1, 1)"
        )
    else:
        await owner.execute(f"UPDATE {table} SET {column} = '{ann}'")

    async with refused(owner, FOREIGN_KEY, match=f"fk_{table}_tenant_id_{column}_users"):
        await owner.execute("DELETE FROM users WHERE id = $1", ann)


async def test_member_who_owns_nothing_can_be_deleted(
    owner: asyncpg.Connection, world: World
) -> None:
    """A user who is only a member of boards can be deleted, which deletes the membership too."""
    await owner.execute("DELETE FROM users WHERE id = $1", world.guest)

    assert await count(owner, "board_members") == 0


async def test_reference_to_another_tenant_is_impossible(
    owner: asyncpg.Connection, world: World, examples: Examples
) -> None:
    """A row cannot name another tenant's row, not even when the owner writes it."""
    theirs = await examples.insert(owner, slug="theirs", is_everywhere=False)

    async with refused(owner, FOREIGN_KEY):
        await owner.execute(
            "UPDATE boards SET owner_id = $1 WHERE id = $2", theirs.user, world.board
        )
