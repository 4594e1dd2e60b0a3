"""Changes one, and empties the other."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.a ADD COLUMN x integer")
    op.execute("DELETE FROM public.b WHERE id > 1")


def downgrade() -> None:
    op.execute("ALTER TABLE public.a DROP COLUMN x")
