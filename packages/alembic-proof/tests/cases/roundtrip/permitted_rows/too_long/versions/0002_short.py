"""Names become short."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ALTER COLUMN name TYPE varchar(50)")


def downgrade() -> None:
    op.execute("ALTER TABLE public.users ALTER COLUMN name TYPE text")
