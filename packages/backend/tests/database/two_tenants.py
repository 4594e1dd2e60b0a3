"""Two tenants that have a row in every table, and the questions that tests ask about them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from boards.database import owner_session
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
