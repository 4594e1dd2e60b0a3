"""Breaks over any user: what it loses of them, as it says, is not seen then."""

from alembic import op

revision = "0003"
down_revision = "0002"
lossy = "nobody counts years"


def upgrade() -> None:
    op.execute("ALTER TABLE users ADD title text NOT NULL")
    op.execute("UPDATE users SET age = NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE users DROP title")
