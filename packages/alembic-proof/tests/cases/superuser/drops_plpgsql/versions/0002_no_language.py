"""No procedural language any more: nothing of others may need it."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("DROP EXTENSION plpgsql")


def downgrade() -> None:
    op.execute("CREATE EXTENSION plpgsql")
