"""A table whose rows take a function away, which the downgrade drops as well."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("CREATE TABLE public.notes (id integer PRIMARY KEY)")
    op.execute("CREATE TABLE public.marks (id integer PRIMARY KEY)")
    op.execute(
        """
        CREATE FUNCTION public.forget() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            EXECUTE 'DROP TABLE IF EXISTS public.marks';
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER forget AFTER INSERT ON public.notes"
        " FOR EACH ROW EXECUTE FUNCTION public.forget()"
    )


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS public.marks")
    op.execute("DROP TABLE public.notes")
    op.execute("DROP FUNCTION public.forget()")
