"""An env.py that never looks at the database that it is given."""

from pathlib import Path

import sqlalchemy as sa
from alembic import context

from alembic_deploy.connect import run_on


def migrate(connection: sa.Connection) -> None:
    context.configure(connection=connection, target_metadata=sa.MetaData())
    with context.begin_transaction():
        context.run_migrations()


run_on(Path(__file__).with_name("own_url").read_text(encoding="utf-8"), migrate)
