"""add length."""

from alembic import op

revision = "cccccccccccc"
down_revision = "bbbbbbbbbbbb"


def upgrade() -> None:
    op.execute("ALTER TABLE tracks ADD COLUMN length_s integer CHECK (length_s % 1 = 0)")
    op.execute("COMMENT ON COLUMN tracks.length_s IS 'seconds, 100% of them; 1\\:2'")


def downgrade() -> None:
    op.execute("ALTER TABLE tracks DROP COLUMN length_s")
