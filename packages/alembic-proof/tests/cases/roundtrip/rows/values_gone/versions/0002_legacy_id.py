"""The number goes, and comes back empty."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users DROP COLUMN legacy_id")


def downgrade() -> None:
    op.execute("ALTER TABLE public.users ADD COLUMN legacy_id integer")
