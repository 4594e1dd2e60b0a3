"""Each step makes the temporary table that it needs, and leaves it behind."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("CREATE TEMPORARY TABLE kept AS SELECT id, name FROM public.users")
    op.execute("ALTER TABLE public.users ADD COLUMN older_name text")
    op.execute("UPDATE public.users SET older_name = kept.name FROM kept WHERE kept.id = users.id")


def downgrade() -> None:
    op.execute("CREATE TEMPORARY TABLE kept AS SELECT id FROM public.users")
    op.drop_column("users", "older_name")
