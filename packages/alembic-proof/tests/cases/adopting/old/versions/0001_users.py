"""Users, made by hand long ago: start.sql has them."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    raise RuntimeError("the file that made them is lost")


def downgrade() -> None:
    op.drop_table("users")
