"""Texts that an update leaves out where it sees no row."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("UPDATE notes SET body = '' WHERE body IS NULL")
    op.execute("ALTER TABLE notes ALTER body SET NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE notes ALTER body DROP NOT NULL")
