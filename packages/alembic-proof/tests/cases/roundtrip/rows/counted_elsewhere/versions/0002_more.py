"""More of an issue."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE issues ADD note text")


def downgrade() -> None:
    op.execute("ALTER TABLE issues DROP note")
