"""Notes that not even their owner sees."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE public.notes (id integer PRIMARY KEY, text text)")
    op.execute("ALTER TABLE public.notes ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE public.notes FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.drop_table("notes")
