"""It fails on rows, and is tried again over the others in the same database."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("ALTER TABLE public.c ALTER COLUMN x SET NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE public.c ALTER COLUMN x DROP NOT NULL")
