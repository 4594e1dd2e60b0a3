"""Two tables, and a foreign key that is checked at the end of the transaction."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE public.p (id integer PRIMARY KEY)")
    op.execute(
        "CREATE TABLE public.c (id integer PRIMARY KEY, flag boolean,"
        " p_id integer NOT NULL REFERENCES public.p DEFERRABLE INITIALLY DEFERRED)"
    )


def downgrade() -> None:
    op.execute("DROP TABLE public.c, public.p")
