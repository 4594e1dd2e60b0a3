"""JSON goes through jsonb and back: its keys stand in another order then."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.settings ALTER document TYPE jsonb")


def downgrade() -> None:
    op.execute("ALTER TABLE public.settings ALTER document TYPE json")
