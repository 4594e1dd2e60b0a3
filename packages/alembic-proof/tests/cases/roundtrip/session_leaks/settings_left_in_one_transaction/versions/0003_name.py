"""It relies on the session's own settings."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE users ADD COLUMN name text DEFAULT pg_sleep(0.05)::text")


def downgrade() -> None:
    op.execute("ALTER TABLE users DROP COLUMN name")
