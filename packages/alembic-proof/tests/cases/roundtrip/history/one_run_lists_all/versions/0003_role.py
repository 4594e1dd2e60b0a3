"""A type that the downgrade leaves, so that the second upgrade fails."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("CREATE TYPE public.role AS ENUM ('viewer')")
    op.execute("ALTER TABLE public.users ADD COLUMN role public.role")


def downgrade() -> None:
    op.execute("ALTER TABLE public.users DROP COLUMN role")
