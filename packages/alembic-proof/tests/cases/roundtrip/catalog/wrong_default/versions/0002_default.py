"""Another default; its downgrade restores one that never was."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ALTER COLUMN name SET DEFAULT 'b'")


def downgrade() -> None:
    op.execute("ALTER TABLE public.users ALTER COLUMN name SET DEFAULT 'x'")
