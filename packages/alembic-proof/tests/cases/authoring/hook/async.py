"""Alembic's template for asynchronous drivers, with the hook."""

import asyncio

from alembic import context
from models import metadata
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import create_async_engine

from alembic_proof.authoring import complete_revision


def run_migrations(connection):
    """Run them on the connection, in a greenlet."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        process_revision_directives=complete_revision,
    )
    with context.begin_transaction():
        context.run_migrations()


async def main():
    """Open the connection."""
    url = context.config.get_main_option("sqlalchemy.url")
    engine = create_async_engine(url, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run_migrations)
    await engine.dispose()


asyncio.run(main())
