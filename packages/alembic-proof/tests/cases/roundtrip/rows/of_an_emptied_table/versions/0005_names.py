"""Names go, and come back empty."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users DROP name")


def downgrade() -> None:
    op.execute("ALTER TABLE public.users ADD name text")
