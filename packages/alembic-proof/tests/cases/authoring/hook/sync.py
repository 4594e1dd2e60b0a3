"""Alembic's own template, with the hook."""

import sqlalchemy as sa
from alembic import context
from models import metadata

from alembic_proof.authoring import complete_revision

engine = sa.create_engine(
    context.config.get_main_option("sqlalchemy.url"), poolclass=sa.pool.NullPool
)
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        process_revision_directives=complete_revision,
    )
    with context.begin_transaction():
        context.run_migrations()
