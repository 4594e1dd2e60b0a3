"""Users need no name; the downgrade forgets those without."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ALTER COLUMN name DROP NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE public.users ALTER COLUMN name SET NOT NULL")
