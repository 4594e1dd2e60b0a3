"""One on another branch, with a table that stays."""

from alembic import op

revision = "0006"
down_revision = "0003"


def upgrade() -> None:
    op.execute("CREATE TABLE IF NOT EXISTS public.b (id integer)")


def downgrade() -> None:
    pass
