"""A column of another table: the trigger is gone, and not by this."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE public.boards ADD COLUMN size integer")


def downgrade() -> None:
    op.execute("ALTER TABLE public.boards DROP COLUMN size")
