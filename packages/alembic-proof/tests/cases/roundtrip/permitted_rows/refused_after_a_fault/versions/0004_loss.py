"""Loss."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("ALTER TABLE lines DROP w")


def downgrade() -> None:
    op.execute("ALTER TABLE lines ADD w text NOT NULL DEFAULT ''")
