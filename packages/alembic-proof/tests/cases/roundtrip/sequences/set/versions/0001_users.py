"""Numbered rows of three sorts."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE public.users (id serial PRIMARY KEY, name text)")
    op.execute(
        "CREATE TABLE public.notes"
        " (id bigint GENERATED ALWAYS AS IDENTITY (INCREMENT BY -1) PRIMARY KEY, note text)"
    )
    op.execute("CREATE SEQUENCE public.numbers START WITH 10")
    op.execute("CREATE SEQUENCE public.tickets")
    op.execute(
        "CREATE TABLE public.tags (id integer DEFAULT nextval('public.numbers') PRIMARY KEY)"
    )


def downgrade() -> None:
    op.execute("DROP TABLE public.users, public.notes, public.tags")
    op.execute("DROP SEQUENCE public.numbers, public.tickets")
