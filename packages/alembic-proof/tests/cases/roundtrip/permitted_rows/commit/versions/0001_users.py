"""Users, and notes whose key is looked at when a transaction ends."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE public.users (id integer PRIMARY KEY)")
    op.execute(
        "CREATE TABLE public.notes (id integer PRIMARY KEY,"
        " user_id integer NOT NULL REFERENCES public.users DEFERRABLE INITIALLY DEFERRED)"
    )


def downgrade() -> None:
    op.drop_table("notes")
    op.drop_table("users")
