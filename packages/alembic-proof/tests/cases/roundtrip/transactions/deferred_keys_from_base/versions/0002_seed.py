"""Two of them."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("INSERT INTO tree VALUES (1001, 1002), (1002, NULL)")


def downgrade() -> None:
    op.execute("DELETE FROM tree WHERE id IN (1001, 1002)")
