"""An env.py whose whole run is one transaction: what fails takes everything back."""

import sqlalchemy as sa
from alembic import context

engine = sa.create_engine(
    context.config.get_main_option("sqlalchemy.url"), poolclass=sa.pool.NullPool
)
with engine.begin() as connection:
    context.configure(connection=connection, target_metadata=sa.MetaData())
    context.run_migrations()
