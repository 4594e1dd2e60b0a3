"""The same, and nothing declared."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("CREATE TYPE public.shade AS ENUM ('dark')")


def downgrade() -> None:
    pass
