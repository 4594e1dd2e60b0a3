"""An asynchronous env.py that uses the project's own engine, whose pool outlives a failed step."""

import asyncio

import sqlalchemy as sa
from alembic import context
from shop_database import engine  # type: ignore[import-not-found]  # the case brings it


def migrate(connection: sa.engine.Connection) -> None:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()


async def run() -> None:
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


asyncio.run(run())
