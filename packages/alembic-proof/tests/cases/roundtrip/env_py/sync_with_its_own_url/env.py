"""A synchronous env.py that reads its URL from the ini file, as Alembic's own template does."""

import sqlalchemy as sa
from alembic import context

engine = sa.engine_from_config(
    context.config.get_section(context.config.config_ini_section, {}),
    poolclass=sa.pool.NullPool,
)
with engine.begin() as connection:
    connection.execute(sa.text("CREATE SCHEMA IF NOT EXISTS bookkeeping"))
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=None,
        version_table="versions",
        version_table_schema="bookkeeping",
    )
    with context.begin_transaction():
        context.run_migrations()
