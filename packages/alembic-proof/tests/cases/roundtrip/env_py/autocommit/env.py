"""An env.py whose engine commits every statement, and that has asked something before."""

import sqlalchemy as sa
from alembic import context

engine = sa.create_engine(
    context.config.get_main_option("sqlalchemy.url"),
    poolclass=sa.pool.NullPool,
    isolation_level="AUTOCOMMIT",
)
with engine.connect() as connection:
    connection.execute(sa.text("CREATE SCHEMA IF NOT EXISTS bookkeeping"))
    context.configure(connection=connection, target_metadata=sa.MetaData())
    with context.begin_transaction():
        context.run_migrations()
