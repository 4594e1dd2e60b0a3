"""An env.py that uses the project's own engine."""

from alembic import context
from shop_settings import engine  # type: ignore[import-not-found]  # the case brings it

with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
