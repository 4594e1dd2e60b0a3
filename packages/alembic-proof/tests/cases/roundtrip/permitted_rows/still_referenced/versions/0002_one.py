"""One user goes, whatever refers to him."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("DELETE FROM users WHERE id = 1")


def downgrade() -> None:
    op.execute("SELECT 1")
