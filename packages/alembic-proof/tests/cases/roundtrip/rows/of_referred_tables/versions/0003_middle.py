"""Then the one in the middle."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE public.b ADD COLUMN x integer")


def downgrade() -> None:
    op.execute("ALTER TABLE public.b DROP COLUMN x")
