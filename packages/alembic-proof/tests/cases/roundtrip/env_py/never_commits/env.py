"""A statement before configure() begins a transaction that Alembic leaves to env.py, which forgets it."""

import sqlalchemy as sa
from alembic import context

engine = sa.create_engine(
    context.config.get_main_option("sqlalchemy.url"), poolclass=sa.pool.NullPool, future=True
)
with engine.connect() as connection:
    connection.execute(sa.text("SET lock_timeout = '5s'"))
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
