"""An env.py that looks at all schemas."""

import asyncio

import sqlalchemy as sa
from alembic import context
from models import metadata
from sqlalchemy.ext.asyncio import create_async_engine


def migrate(connection: sa.engine.Connection) -> None:
    """Configure Alembic and migrate."""
    context.configure(connection=connection, target_metadata=metadata, include_schemas=True)
    with context.begin_transaction():
        context.run_migrations()


async def run() -> None:
    """Connect to the database of the ini file."""
    url = context.config.get_main_option("sqlalchemy.url")
    engine = create_async_engine(url, poolclass=sa.pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


asyncio.run(run())
