"""One branch."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("CREATE TABLE public.left_side (id integer PRIMARY KEY)")


def downgrade() -> None:
    op.drop_table("left_side")
