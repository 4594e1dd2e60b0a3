"""Users and their notes."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE public.users (id integer PRIMARY KEY, name text, likes text)")
    op.execute("CREATE TABLE public.notes (id integer PRIMARY KEY, note text)")


def downgrade() -> None:
    op.drop_table("notes")
    op.drop_table("users")
