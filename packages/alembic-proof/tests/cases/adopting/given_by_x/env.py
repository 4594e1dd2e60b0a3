"""An env.py that takes its database from the command line."""

import sqlalchemy as sa
from alembic import context

arguments = context.get_x_argument(as_dictionary=True)
assert arguments["tenant"] == "acme", arguments
engine = sa.create_engine(arguments["database"], poolclass=sa.pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
