"""A trigger with its function, and an index."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        """
        CREATE FUNCTION public.stamp() RETURNS trigger
        LANGUAGE plpgsql SET search_path = ''
        AS $$ BEGIN NEW.name := upper(NEW.name); RETURN NEW; END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER users_stamp BEFORE UPDATE ON public.users
        FOR EACH ROW EXECUTE FUNCTION public.stamp()
        """
    )
    op.create_index("ix_users_name", "users", ["name"])


def downgrade() -> None:
    op.drop_index("ix_users_name", "users")
    op.execute("DROP TRIGGER users_stamp ON public.users")
    op.execute("DROP FUNCTION public.stamp()")
