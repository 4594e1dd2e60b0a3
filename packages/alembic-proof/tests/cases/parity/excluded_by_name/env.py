"""An env.py that keeps from autogenerate what is called legacy, and a whole schema."""

import asyncio

import sqlalchemy as sa
from alembic import context
from models import metadata
from sqlalchemy.ext.asyncio import async_engine_from_config


def include_name(name, type_, parent_names) -> bool:
    """Exclude by name; Alembic gives the default schema as None."""
    if type_ == "schema":
        return name is None
    assert parent_names["schema_name"] is None
    assert type_ == "table" or parent_names["schema_qualified_table_name"] == "users"
    return not name.startswith("legacy")


def migrate(connection: sa.engine.Connection) -> None:
    """Alembic's own way, with what is not to be looked at."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=include_name,
        include_schemas=True,
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
