"""Users need no name; the downgrade takes those without."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ALTER COLUMN name DROP NOT NULL")


def downgrade() -> None:
    op.execute("DELETE FROM public.users WHERE name IS NULL")
    op.execute("ALTER TABLE public.users ALTER COLUMN name SET NOT NULL")
