"""Another key does have one ahead of it."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("UPDATE public.c SET p_id = p_id + 0 WHERE NOT flag")
    op.execute("UPDATE public.c SET p_id = (SELECT max(id) FROM public.p) WHERE flag")
    op.execute("ALTER TABLE public.c ADD COLUMN y integer")


def downgrade() -> None:
    op.execute("ALTER TABLE public.c DROP COLUMN y")
