"""Two more."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("INSERT INTO tree VALUES (1003, 1004), (1004, NULL)")


def downgrade() -> None:
    op.execute("DELETE FROM tree WHERE id IN (1003, 1004)")
