"""The other head, of a base of its own."""

from alembic import op

revision = "0003"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE public.right_side (id integer PRIMARY KEY)")


def downgrade() -> None:
    op.drop_table("right_side")
