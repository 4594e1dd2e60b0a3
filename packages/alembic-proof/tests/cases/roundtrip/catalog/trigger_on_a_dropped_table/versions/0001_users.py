"""Users, and a function for triggers."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE public.users (id integer PRIMARY KEY, name text)")
    op.execute(
        "CREATE FUNCTION public.stamp() RETURNS trigger LANGUAGE plpgsql "
        "AS $$ BEGIN RETURN NEW; END $$"
    )


def downgrade() -> None:
    op.drop_table("users")
    op.execute("DROP FUNCTION public.stamp()")
