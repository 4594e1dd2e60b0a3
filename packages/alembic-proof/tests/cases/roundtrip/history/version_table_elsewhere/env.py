"""Keeps the version in another schema, under another name."""

import sqlalchemy as sa
from alembic import context

engine = sa.create_engine(
    context.config.get_main_option("sqlalchemy.url"), poolclass=sa.pool.NullPool
)
with engine.begin() as connection:
    connection.execute(sa.text("CREATE SCHEMA IF NOT EXISTS bookkeeping"))
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=sa.MetaData(),
        version_table="revisions",
        version_table_schema="bookkeeping",
    )
    with context.begin_transaction():
        context.run_migrations()
