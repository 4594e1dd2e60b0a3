"""Declares a loss that does not happen."""

from alembic import op

revision = "0002"
down_revision = "0001"

lossy = "upgrade: names that are too long are cut"


def upgrade() -> None:
    op.create_index("ix_users_name", "users", ["name"])


def downgrade() -> None:
    op.drop_index("ix_users_name", "users")
