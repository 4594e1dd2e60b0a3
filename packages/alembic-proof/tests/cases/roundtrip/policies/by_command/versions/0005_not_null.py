"""Fails for want of the rows that the backfill does not change."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("ALTER TABLE users ADD COLUMN handle text")
    op.execute("UPDATE users SET handle = concat(name, '@')")
    op.execute("ALTER TABLE users ALTER COLUMN handle SET NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE users DROP COLUMN handle")
