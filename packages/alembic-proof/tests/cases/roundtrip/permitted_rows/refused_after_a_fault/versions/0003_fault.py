"""Fault."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE lines ADD u text NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE lines DROP u")
