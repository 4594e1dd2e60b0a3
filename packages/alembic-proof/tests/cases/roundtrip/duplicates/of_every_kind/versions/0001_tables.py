"""Tables in which rows may be equal."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE public.a (id integer NOT NULL, code varchar(10) NOT NULL)")
    op.execute("CREATE TABLE public.b (id integer PRIMARY KEY, day date, is_open boolean)")
    op.execute("CREATE TABLE public.c (id integer PRIMARY KEY, email varchar(40) NOT NULL UNIQUE)")
    op.execute(
        "CREATE TABLE public.d (tenant_id integer, id integer, slug text, PRIMARY KEY (tenant_id, id))"
    )
    op.execute("CREATE TABLE public.e (id integer PRIMARY KEY, place text UNIQUE)")
    op.execute("CREATE TABLE public.f (id integer PRIMARY KEY, during daterange NOT NULL)")
    op.execute("CREATE TABLE public.g (id integer PRIMARY KEY, name text, deleted_at timestamptz)")
    op.execute(
        "CREATE TABLE public.h (d_tenant_id integer, d_id integer, note text NOT NULL, PRIMARY KEY (d_tenant_id, d_id), FOREIGN KEY (d_tenant_id, d_id) REFERENCES public.d)"
    )


def downgrade() -> None:
    op.drop_table("h")
    op.drop_table("g")
    op.drop_table("f")
    op.drop_table("e")
    op.drop_table("d")
    op.drop_table("c")
    op.drop_table("b")
    op.drop_table("a")
