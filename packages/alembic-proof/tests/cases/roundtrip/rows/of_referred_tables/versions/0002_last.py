"""The last one changes."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.c ADD COLUMN x integer")


def downgrade() -> None:
    op.execute("ALTER TABLE public.c DROP COLUMN x")
