"""Boards whose owners nobody keeps track of."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE public.users (id integer PRIMARY KEY)")
    op.execute("CREATE TABLE public.boards (id integer PRIMARY KEY, owner_id integer NOT NULL)")


def downgrade() -> None:
    op.drop_table("boards")
    op.drop_table("users")
