"""A new table, whose rows go as it declares."""

from alembic import op

revision = "0002"
down_revision = "0001"

lossy = "downgrade: the notes are gone"


def upgrade() -> None:
    op.execute("CREATE TABLE public.notes (id integer PRIMARY KEY)")


def downgrade() -> None:
    op.drop_table("notes")
