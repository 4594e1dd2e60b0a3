"""Users with a deferred key."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE public.users (id integer PRIMARY KEY, boss integer REFERENCES public.users DEFERRABLE INITIALLY DEFERRED)"
    )


def downgrade() -> None:
    op.drop_table("users")
