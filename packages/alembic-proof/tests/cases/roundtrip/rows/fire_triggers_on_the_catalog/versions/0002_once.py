"""A trigger that the first row takes away."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        """
        CREATE FUNCTION public.once() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            EXECUTE 'DROP TRIGGER IF EXISTS once ON public.users';
            EXECUTE 'DROP FUNCTION IF EXISTS public.once()';
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER once AFTER INSERT ON public.users"
        " FOR EACH ROW EXECUTE FUNCTION public.once()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER IF EXISTS once ON public.users")
    op.execute("DROP FUNCTION IF EXISTS public.once()")
