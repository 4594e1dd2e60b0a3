"""An env.py that begins its one transaction when Alembic is configured already."""

import sqlalchemy as sa
from alembic import context

engine = sa.create_engine(
    context.config.get_main_option("sqlalchemy.url"), poolclass=sa.pool.NullPool
)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=sa.MetaData())
    with connection.begin():
        context.run_migrations()
