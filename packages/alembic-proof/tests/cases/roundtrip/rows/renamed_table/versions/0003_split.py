"""Names get a table of their own, and come back."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(
        "CREATE TABLE public.names (id integer PRIMARY KEY REFERENCES public.people ON DELETE CASCADE, name text NOT NULL)"
    )
    op.execute("INSERT INTO public.names SELECT id, name FROM public.people")
    op.execute("ALTER TABLE public.people DROP COLUMN name")


def downgrade() -> None:
    op.execute("ALTER TABLE public.people ADD COLUMN name text")
    op.execute(
        "UPDATE public.people SET name = coalesce((SELECT n.name FROM public.names AS n WHERE n.id = people.id), '')"
    )
    op.execute("ALTER TABLE public.people ALTER COLUMN name SET NOT NULL")
    op.drop_table("names")
