"""Length that an update leaves out where it sees no row."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE notes ADD size integer")
    op.execute("UPDATE notes SET size = coalesce(length(body), 0)")
    op.execute("ALTER TABLE notes ALTER size SET NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE notes DROP size")
