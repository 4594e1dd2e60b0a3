"""An asynchronous env.py whose engine commits every statement."""

import asyncio

import sqlalchemy as sa
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine


def migrate(connection: sa.engine.Connection) -> None:
    context.configure(connection=connection, target_metadata=sa.MetaData())
    context.run_migrations()


async def run() -> None:
    engine = create_async_engine(
        context.config.get_main_option("sqlalchemy.url"),
        poolclass=sa.pool.NullPool,
        isolation_level="AUTOCOMMIT",
    )
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


asyncio.run(run())
