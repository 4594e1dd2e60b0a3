"""A column of another table."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE b ADD c integer")


def downgrade() -> None:
    op.execute("ALTER TABLE b DROP c")
