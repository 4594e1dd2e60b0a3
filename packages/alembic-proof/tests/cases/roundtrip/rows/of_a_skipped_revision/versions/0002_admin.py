"""The first of them, which is the history's own."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("INSERT INTO roles VALUES (1000, 'admin')")


def downgrade() -> None:
    op.execute("DELETE FROM roles WHERE id = 1000")
