"""Breaks over a user without a name, whose post goes with it before the second try."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE users ALTER name SET NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE users ALTER name DROP NOT NULL")
