"""Owners become users."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_foreign_key("fk_boards_owner_id", "boards", "users", ["owner_id"], ["id"])


def downgrade() -> None:
    op.drop_constraint("fk_boards_owner_id", "boards")
