"""An env.py as most projects have one: it reads the URL from the ini file's options."""

from logging.config import fileConfig

import sqlalchemy as sa
from alembic import context
from shop.models import metadata  # type: ignore[import-not-found]  # the case brings it

config = context.config
if config.config_file_name is not None:
    fileConfig(config.config_file_name)

engine = sa.engine_from_config(
    config.get_section(config.config_ini_section, {}), poolclass=sa.pool.NullPool
)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
