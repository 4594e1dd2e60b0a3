"""Deletes through a connection of its own, which stays open and has not told of it yet."""

import sqlalchemy as sa
from alembic import context, op

revision = "0002"
down_revision = "0001"

OPEN = []


def upgrade() -> None:
    op.get_bind()
    if not OPEN:
        url = sa.engine.make_url(context.config.get_main_option("sqlalchemy.url"))
        name = "postgresql+psycopg" if sa.__version__ > "2" else "postgresql+psycopg2"
        engine = sa.create_engine(url.set(drivername=name), poolclass=sa.pool.NullPool)
        OPEN.append(engine.connect().execution_options(isolation_level="AUTOCOMMIT"))
    OPEN[0].execute(sa.text("DELETE FROM public.users WHERE id = 1"))
    OPEN[0].execute(sa.text("DELETE FROM public.users WHERE id = 2"))


def downgrade() -> None:
    pass
