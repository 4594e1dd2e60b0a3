"""Shown names that the backfill gives to nobody."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE users ADD COLUMN shown text")
    op.execute("UPDATE users SET shown = concat(name, '!')")


def downgrade() -> None:
    op.execute("ALTER TABLE users DROP COLUMN shown")
