"""One whose index another tool looks after."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("CREATE INDEX IF NOT EXISTS ix_audit_users ON public.users (code)")


def downgrade() -> None:
    pass
