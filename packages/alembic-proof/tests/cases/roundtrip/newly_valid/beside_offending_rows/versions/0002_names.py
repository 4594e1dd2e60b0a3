"""Breaks over a user, and cannot go down over a long label."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE users ALTER name SET NOT NULL")
    op.execute("ALTER TABLE labels ALTER name TYPE text")


def downgrade() -> None:
    op.execute("ALTER TABLE labels ALTER name TYPE varchar(9)")
    op.execute("ALTER TABLE users ALTER name DROP NOT NULL")
