"""A column for notes."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.ledger ADD COLUMN note text NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE public.ledger DROP COLUMN note")
