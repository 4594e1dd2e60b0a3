"""An env.py that never looks at the database that it is given."""

import os

import sqlalchemy as sa
from alembic import context

from alembic_proof.postgres.connect import run_on


def migrate(connection: sa.Connection) -> None:
    context.configure(connection=connection, target_metadata=sa.MetaData())
    with context.begin_transaction():
        context.run_migrations()


run_on(os.environ["OWN_URL"], migrate)
