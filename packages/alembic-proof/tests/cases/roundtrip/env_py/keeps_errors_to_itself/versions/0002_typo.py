"""A table that is not there."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.user ADD COLUMN x text")


def downgrade() -> None:
    op.execute("ALTER TABLE public.user DROP COLUMN x")
