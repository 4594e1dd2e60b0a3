"""An env.py that keeps from autogenerate what says so, and what is old."""

import asyncio

import sqlalchemy as sa
from alembic import context
from models import metadata
from sqlalchemy.ext.asyncio import async_engine_from_config


def include_object(object_, name, type_, reflected, compare_to) -> bool:
    """Neither what says that it is excluded, nor whatever is called legacy in the database."""
    assert reflected or compare_to is None or compare_to.name == name
    if reflected:
        return "legacy" not in (name or "")
    return not object_.info.get("excluded")


def migrate(connection: sa.engine.Connection) -> None:
    """Alembic's own way, with what is not to be looked at."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_object=include_object,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run() -> None:
    """One connection to the database of the ini file."""
    engine = async_engine_from_config(
        context.config.get_section(context.config.config_ini_section, {}),
        poolclass=sa.pool.NullPool,
    )
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


asyncio.run(run())
