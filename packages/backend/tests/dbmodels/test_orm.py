"""The models in the ORM: relationships and returned values in an async session."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import configure_mappers, selectinload

from boards.database import create_engine
from boards.dbmodels import (
    Board,
    BoardMember,
    Generation,
    GenerationInput,
    GenerationTag,
    Tag,
    Tenant,
    User,
)


@pytest.fixture
async def session(models_url: str) -> AsyncIterator[AsyncSession]:
    """Provide a session of the owner's, whose transaction is rolled back."""
    engine = create_engine(models_url, pool=None)
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield session
        await session.rollback()
    await engine.dispose()


@pytest.fixture
async def board(session: AsyncSession) -> Board:
    """Provide a board with its owner and its tenant, all in the database."""
    tenant = Tenant(id=uuid4(), name="Ours", slug="ours")
    session.add(tenant)
    await session.flush()
    owner = User(tenant_id=tenant.id, auth_provider="oidc", auth_subject="ann")
    board = Board(owner=owner, title="Mood")
    session.add(board)
    await session.flush()
    return board


def generation(board: Board) -> Generation:
    """Return a generation on the board, by the board's owner."""
    return Generation(
        board=board,
        user_id=board.owner_id,
        generator_name="flux",
        artifact_type="image",
        input_params={},
    )


def test_mappers_configure_without_a_warning() -> None:
    """No relationship writes a column that another one writes: SQLAlchemy has nothing to warn of."""
    configure_mappers()


async def test_relationship_carries_the_tenant(session: AsyncSession, board: Board) -> None:
    """A generation that is added to a board gets the board's tenant and id."""
    made = generation(board)
    member = BoardMember(board=board, user_id=board.owner_id, role="admin")
    session.add_all([made, member])
    await session.flush()

    assert (made.tenant_id, made.board_id) == (board.tenant_id, board.id)
    assert (member.tenant_id, member.board_id) == (board.tenant_id, board.id)
    assert member.joined_at is not None


async def test_inputs_are_ordered_by_position(session: AsyncSession, board: Board) -> None:
    """A generation's inputs are read in the order of their positions, duplicates included."""
    source, made = generation(board), generation(board)
    session.add_all([source, made])
    await session.flush()
    for position in (2, 0, 1):
        session.add(
            GenerationInput(
                generation=made, position=position, input_generation_id=source.id, role="input"
            )
        )
    await session.flush()
    session.expunge_all()

    found = await session.scalar(
        select(Generation).where(Generation.id == made.id).options(selectinload(Generation.inputs))
    )

    assert found is not None
    assert [entry.position for entry in found.inputs] == [0, 1, 2]


async def test_tags_are_written_with_their_tenant(session: AsyncSession, board: Board) -> None:
    """A tag added to a generation writes a row of generation_tags with the tenant of both."""
    made = generation(board)
    made.tags = [Tag(tenant_id=board.tenant_id, name="Ink", slug="ink")]
    session.add(made)
    await session.flush()

    rows = (await session.scalars(select(GenerationTag))).all()

    assert [(row.tenant_id, row.generation_id) for row in rows] == [(board.tenant_id, made.id)]


async def test_deleting_a_board_is_left_to_the_database(
    session: AsyncSession, board: Board
) -> None:
    """When the ORM deletes a board, the database deletes the board's generations."""
    session.add(generation(board))
    await session.flush()
    session.expunge_all()
    found = await session.get_one(Board, (board.tenant_id, board.id))

    await session.delete(found)
    await session.flush()

    assert (await session.scalars(select(Generation))).all() == []


async def test_update_returns_updated_at(session: AsyncSession, board: Board) -> None:
    """After an UPDATE the object has the time that the trigger set, without another query."""
    await session.execute(text("SET LOCAL boards.keep_updated_at = 'on'"))
    await session.execute(text("UPDATE boards SET updated_at = '2020-01-01'"))
    await session.execute(text("SET LOCAL boards.keep_updated_at = 'off'"))
    await session.refresh(board)
    long_ago = board.updated_at

    board.title = "Renamed"
    await session.flush()

    assert long_ago.year == 2020
    assert board.updated_at.year > 2020


async def test_metadata_column_has_its_own_name(session: AsyncSession, board: Board) -> None:
    """The attribute `metadata_` is the column `metadata`; its default is an empty object."""
    assert Board.__table__.c.metadata.name == "metadata"
    assert board.metadata_ == {}


async def test_many_rows_are_one_statement(session: AsyncSession, board: Board) -> None:
    """A hundred users are inserted by one statement, because their ids are their sentinels."""
    statements: list[str] = []
    bind = await session.connection()
    event.listen(
        bind.sync_connection,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: statements.append(statement),
    )
    users = [
        User(tenant_id=board.tenant_id, auth_provider="oidc", auth_subject=f"user {number}")
        for number in range(100)
    ]

    session.add_all(users)
    await session.flush()

    assert len(statements) == 1
    assert len({user.id for user in users}) == 100
