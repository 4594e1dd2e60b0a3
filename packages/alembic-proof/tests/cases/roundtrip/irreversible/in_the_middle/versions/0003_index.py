"""One that follows it, whose downgrade is forgotten."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("CREATE INDEX IF NOT EXISTS ix_users_email ON public.users (email)")


def downgrade() -> None:
    pass
