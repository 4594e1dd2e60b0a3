"""Its backfill: below it, rows had no value there."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("UPDATE users SET age = 0 WHERE age IS NULL")


def downgrade() -> None:
    pass
