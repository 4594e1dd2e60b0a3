"""Takes something away that is in no row."""

from alembic import op

revision = "0002"
down_revision = "0001"
lossy = "what v was"


def upgrade() -> None:
    op.execute("ALTER TABLE public.codes DROP v")


def downgrade() -> None:
    op.execute("ALTER TABLE public.codes ADD v text")
