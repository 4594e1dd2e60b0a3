"""A table that takes no rows, and one that takes few."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE public.never (id integer CHECK (id IS NULL AND id IS NOT NULL))")
    op.execute("CREATE TABLE public.few (flag boolean PRIMARY KEY)")


def downgrade() -> None:
    op.drop_table("few")
    op.drop_table("never")
