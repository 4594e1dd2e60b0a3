"""A third default, restored as it was."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ALTER COLUMN name SET DEFAULT 'c'")


def downgrade() -> None:
    op.execute("ALTER TABLE public.users ALTER COLUMN name SET DEFAULT 'b'")
