"""Runs with a connection alone."""

import sqlalchemy as sa
from alembic import context

if context.is_offline_mode():
    raise RuntimeError("not without a connection")
engine = sa.create_engine(context.config.attributes["url"].replace("+asyncpg", "+psycopg"))
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
