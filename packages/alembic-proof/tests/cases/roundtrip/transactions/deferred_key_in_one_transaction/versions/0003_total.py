"""A column: not in the transaction whose check waits."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE orders ADD COLUMN total integer")


def downgrade() -> None:
    op.execute("ALTER TABLE orders DROP COLUMN total")
