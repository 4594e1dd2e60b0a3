"""Swallows its semicolon."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("CREATE SEQUENCE numbers -- of notes")


def downgrade() -> None:
    op.execute("DROP SEQUENCE numbers")
