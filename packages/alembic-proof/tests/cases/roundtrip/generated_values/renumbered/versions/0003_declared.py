"""The same, as it declares."""

from alembic import op

revision = "0003"
down_revision = "0002"

lossy = "users.id: rows get other ids"


def upgrade() -> None:
    op.execute("ALTER TABLE users ADD COLUMN size integer")


def downgrade() -> None:
    op.execute("ALTER TABLE users DROP COLUMN size")
    op.execute("UPDATE users SET id = id + 1000")
