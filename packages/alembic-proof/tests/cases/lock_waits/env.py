"""An env.py for whatever driver its URL names."""

import asyncio

import sqlalchemy as sa
from alembic import context

url = context.config.get_main_option("sqlalchemy.url") or ""


def migrate(connection: sa.engine.Connection) -> None:
    context.configure(
        connection=connection, target_metadata=sa.MetaData(), transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()


async def run() -> None:
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(url, poolclass=sa.pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


if "+asyncpg" in url:
    asyncio.run(run())
else:
    with sa.create_engine(url, poolclass=sa.pool.NullPool).connect() as connection:
        migrate(connection)
