"""Another."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE public.ledger ADD COLUMN why text")


def downgrade() -> None:
    op.execute("ALTER TABLE public.ledger DROP COLUMN why")
