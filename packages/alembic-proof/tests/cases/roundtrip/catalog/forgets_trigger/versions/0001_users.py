"""Users and a function."""

from alembic import op

revision = "0001"
down_revision = None

irreversible = "the round trip of this case starts here"


def upgrade() -> None:
    op.execute("CREATE TABLE public.users (id integer PRIMARY KEY, name text)")
    op.execute(
        """
        CREATE FUNCTION public.stamp() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RETURN NEW; END $$
        """
    )


def downgrade() -> None:
    raise NotImplementedError(irreversible)
