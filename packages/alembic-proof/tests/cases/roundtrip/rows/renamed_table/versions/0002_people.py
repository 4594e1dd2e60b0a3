"""Users become people."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.rename_table("users", "people")


def downgrade() -> None:
    op.rename_table("people", "users")
