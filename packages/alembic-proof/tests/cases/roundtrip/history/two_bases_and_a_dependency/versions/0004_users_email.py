"""A column on users."""

from alembic import op

revision = "0004"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ADD COLUMN email text")


def downgrade() -> None:
    op.execute("ALTER TABLE public.users DROP COLUMN email")
