"""Stays offline."""

from alembic import context, op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("CREATE VIEW ids AS SELECT id FROM notes")


def downgrade() -> None:
    if not context.is_offline_mode():
        op.execute("DROP VIEW ids")
