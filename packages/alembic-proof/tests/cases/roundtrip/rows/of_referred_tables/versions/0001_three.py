"""Three tables, each of which needs the one before."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE public.a (id integer PRIMARY KEY)")
    op.execute(
        "CREATE TABLE public.b (id integer PRIMARY KEY, a_id integer NOT NULL REFERENCES public.a)"
    )
    op.execute(
        "CREATE TABLE public.c (id integer PRIMARY KEY, b_id integer NOT NULL REFERENCES public.b)"
    )


def downgrade() -> None:
    op.execute("DROP TABLE public.c, public.b, public.a")
