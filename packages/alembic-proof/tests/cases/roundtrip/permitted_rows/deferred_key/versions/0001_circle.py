"""Two tables that need each other."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE public.a (id integer PRIMARY KEY, b_id integer NOT NULL)")
    op.execute(
        "CREATE TABLE public.b (id integer PRIMARY KEY, a_id integer NOT NULL REFERENCES public.a DEFERRABLE INITIALLY DEFERRED)"
    )
    op.execute(
        "ALTER TABLE public.a ADD FOREIGN KEY (b_id) REFERENCES public.b DEFERRABLE INITIALLY DEFERRED"
    )


def downgrade() -> None:
    op.execute("DROP TABLE public.a, public.b")
