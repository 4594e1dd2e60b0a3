"""A table, and a function that stays."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE public.users (id integer PRIMARY KEY, name text)")
    op.execute(
        "CREATE OR REPLACE FUNCTION public.one() RETURNS integer LANGUAGE sql IMMUTABLE RETURN 1"
    )


def downgrade() -> None:
    op.drop_table("users")
