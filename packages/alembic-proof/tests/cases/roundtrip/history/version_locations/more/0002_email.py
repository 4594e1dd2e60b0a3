"""One in another directory, whose downgrade is forgotten."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ADD COLUMN IF NOT EXISTS email text")


def downgrade() -> None:
    pass
