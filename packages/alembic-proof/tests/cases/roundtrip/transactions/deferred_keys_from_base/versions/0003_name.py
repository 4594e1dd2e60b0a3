"""Not in the transaction that has inserted them."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE tree ADD COLUMN name text")


def downgrade() -> None:
    op.execute("ALTER TABLE tree DROP COLUMN name")
