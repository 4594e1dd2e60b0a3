"""Tenants with one row in every table, and how to fail without ending the transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest


@dataclass(frozen=True, slots=True)
class World:
    """The ids of one tenant's rows: `made` is a generation that was made from `source`."""

    tenant: UUID
    user: UUID
    guest: UUID
    board: UUID
    source: UUID
    made: UUID
    tag: UUID
    movement: UUID


async def insert(connection: Any, table: str, **values: object) -> None:
    """Ensures that the table has a row of these values."""
    columns = ", ".join(values)
    places = ", ".join(f"${position}" for position in range(1, len(values) + 1))
    await connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", *values.values())


async def populate(connection: Any, *, slug: str) -> World:
    """A tenant with a row in every table; the user owns what there is, the guest is a member."""
    world = World(*(uuid4() for _ in range(8)))
    await insert(connection, "tenants", id=world.tenant, name=slug, slug=slug)
    await _populate_people(connection, world)
    await _populate_generations(connection, world)
    await _populate_tags(connection, world)
    return world


async def _populate_people(connection: Any, world: World) -> None:
    ours = {"tenant_id": world.tenant}
    for user, name in ((world.user, "user"), (world.guest, "guest")):
        await insert(connection, "users", **ours, id=user, auth_provider="oidc", auth_subject=name)
    await insert(connection, "provider_configs", **ours, provider_name="replicate", config="{}")
    await insert(connection, "boards", **ours, id=world.board, owner_id=world.user, title="Mood")
    await insert(
        connection,
        "board_members",
        **ours,
        board_id=world.board,
        user_id=world.guest,
        role="editor",
    )
    await insert(
        connection,
        "lora_models",
        **ours,
        user_id=world.user,
        name="Ink",
        base_model="sdxl",
        storage_url="s3://loras/ink",
        config="{}",
    )


async def _populate_generations(connection: Any, world: World) -> None:
    ours = {"tenant_id": world.tenant}
    for generation in (world.source, world.made):
        await insert(
            connection,
            "generations",
            **ours,
            id=generation,
            board_id=world.board,
            user_id=world.user,
            generator_name="flux",
            artifact_type="image",
            input_params="{}",
        )
    await insert(
        connection,
        "generation_inputs",
        **ours,
        generation_id=world.made,
        position=0,
        input_generation_id=world.source,
        role="input",
    )
    await insert(
        connection,
        "credit_transactions",
        **ours,
        id=world.movement,
        user_id=world.user,
        transaction_type="grant",
        amount=Decimal(10),
        balance_after=Decimal(10),
        generation_id=world.made,
    )


async def _populate_tags(connection: Any, world: World) -> None:
    ours = {"tenant_id": world.tenant}
    await insert(connection, "tags", **ours, id=world.tag, name="Ink", slug="ink")
    await insert(connection, "generation_tags", **ours, generation_id=world.made, tag_id=world.tag)


async def become_app(connection: Any, tenant: UUID | None) -> None:
    """From here on the transaction is the application's, for this tenant or for none."""
    await connection.execute(f"SET LOCAL app.tenant_id = '{tenant or ''}'")
    await connection.execute("SET LOCAL ROLE boards_app")


@asynccontextmanager
async def refused(
    connection: Any, sqlstate: str, *, match: str | None = None
) -> AsyncIterator[None]:
    """Ensures that the block fails with this SQLSTATE, and keeps the transaction alive."""
    savepoint = connection.transaction()
    await savepoint.start()
    with pytest.raises(asyncpg.PostgresError, match=match) as caught:
        yield
    await savepoint.rollback()
    assert caught.value.sqlstate == sqlstate


async def count(connection: Any, table: str) -> int:
    """How many rows of the table the connection sees."""
    found: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
    return found
