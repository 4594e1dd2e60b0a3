"""One that follows it."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ADD COLUMN email text")


def downgrade() -> None:
    op.execute("ALTER TABLE public.users DROP COLUMN email")
