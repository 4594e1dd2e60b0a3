"""Only online."""

from alembic import context, op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    if not context.is_offline_mode():
        op.execute("CREATE INDEX ix_notes ON notes (id)")


def downgrade() -> None:
    op.execute("DROP INDEX IF EXISTS ix_notes")
