"""Small letters, and no blanks."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("UPDATE customers SET email = lower(email), name = btrim(name)")


def downgrade() -> None:
    op.execute("SELECT 1")
