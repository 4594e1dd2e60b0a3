"""Two tables."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE public.a (id integer PRIMARY KEY)")
    op.execute("CREATE TABLE public.b (id integer PRIMARY KEY)")


def downgrade() -> None:
    op.drop_table("b")
    op.drop_table("a")
