"""Rows that were committed before have no check ahead of them, whatever column is changed."""

from alembic import op

revision = "0002"
down_revision = "0001"

lossy = "downgrade: flags that were NULL stay false"


def upgrade() -> None:
    op.execute("ALTER TABLE public.c ADD COLUMN status text")
    op.execute("UPDATE public.c SET status = 'ok', flag = coalesce(flag, false)")
    op.execute("ALTER TABLE public.c ADD COLUMN x integer")


def downgrade() -> None:
    op.execute("UPDATE public.c SET status = NULL")
    op.execute("ALTER TABLE public.c DROP COLUMN x, DROP COLUMN status")
