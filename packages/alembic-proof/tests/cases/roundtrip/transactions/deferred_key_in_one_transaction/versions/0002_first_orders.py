"""A row for every customer: where there are some, the check waits."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("INSERT INTO orders SELECT id + 100000, id FROM customers")


def downgrade() -> None:
    op.execute("DELETE FROM orders WHERE id > 100000")
