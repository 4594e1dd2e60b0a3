"""An index that stays."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("CREATE INDEX IF NOT EXISTS ix_users_name ON public.users (name)")


def downgrade() -> None:
    pass
