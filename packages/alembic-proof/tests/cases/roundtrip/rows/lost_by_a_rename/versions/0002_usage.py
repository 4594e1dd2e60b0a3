"""A column under another name, as autogenerate writes it; and one that is emptied."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.tags ADD COLUMN usage text")
    op.execute("ALTER TABLE public.tags DROP COLUMN description")
    op.execute("UPDATE public.tags SET size = NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE public.tags ADD COLUMN description text")
    op.execute("ALTER TABLE public.tags DROP COLUMN usage")
