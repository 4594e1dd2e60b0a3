"""Users, and the first one."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE DOMAIN public.word AS text")
    op.execute("CREATE TABLE public.users (id serial PRIMARY KEY, name public.word NOT NULL)")
    op.execute("INSERT INTO public.users (name) VALUES ('Ada')")


def downgrade() -> None:
    op.drop_table("users")
    op.execute("DROP DOMAIN public.word")
