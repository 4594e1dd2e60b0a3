"""A column whose downgrade takes back the default only."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ADD COLUMN IF NOT EXISTS nickname text DEFAULT 'x'")


def downgrade() -> None:
    op.execute("ALTER TABLE public.users ALTER COLUMN nickname DROP DEFAULT")
