"""Both sides together."""

from alembic import op

revision = "0004"
down_revision = ("0002", "0003")


def upgrade() -> None:
    op.execute("CREATE TABLE public.both_sides (id integer PRIMARY KEY)")


def downgrade() -> None:
    op.drop_table("both_sides")
