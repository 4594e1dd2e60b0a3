"""Forgets a column on its way back: the revision behind it needs another database."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE users ADD more text")


def downgrade() -> None:
    op.execute("SELECT 1")
