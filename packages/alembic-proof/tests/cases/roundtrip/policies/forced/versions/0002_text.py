"""The text goes, and comes back empty."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.notes DROP COLUMN text")


def downgrade() -> None:
    op.execute("ALTER TABLE public.notes ADD COLUMN text text")
