"""Loses the notes of the rows that are back."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("UPDATE licences SET note = '?'")


def downgrade() -> None:
    op.execute("UPDATE licences SET note = NULL")
