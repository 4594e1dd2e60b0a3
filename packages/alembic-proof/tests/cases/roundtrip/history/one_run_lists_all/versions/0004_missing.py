"""An upgrade that fails."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("ALTER TABLE public.user ADD COLUMN x text")


def downgrade() -> None:
    pass
