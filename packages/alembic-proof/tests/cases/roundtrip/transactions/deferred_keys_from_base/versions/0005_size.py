"""Nor in that of these: one run finds both."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("ALTER TABLE tree ADD COLUMN size integer")


def downgrade() -> None:
    op.execute("ALTER TABLE tree DROP COLUMN size")
