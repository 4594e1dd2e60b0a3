"""A column that comes back at the end, with what it held."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("CREATE TABLE public.names AS SELECT id, name FROM public.users")
    op.execute("ALTER TABLE public.users DROP COLUMN name")


def downgrade() -> None:
    op.execute("ALTER TABLE public.users ADD COLUMN name text")
    op.execute("UPDATE public.users SET name = n.name FROM public.names AS n WHERE n.id = users.id")
    op.drop_table("names")
