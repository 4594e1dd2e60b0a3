"""Breaks over a post that has come since; the others stay."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE posts ALTER title TYPE varchar(100)")


def downgrade() -> None:
    op.execute("ALTER TABLE posts ALTER title TYPE text")
