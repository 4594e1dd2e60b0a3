"""A note to each of them, which nobody has written."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.marks ADD COLUMN note text NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE public.marks DROP COLUMN note")
