"""Users, with a statement that fails."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("SELECT nothing")


def downgrade() -> None:
    op.execute("SELECT 1")
