"""A table of the project's own with the usual name, forgotten."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("CREATE TABLE IF NOT EXISTS public.alembic_version (id integer)")


def downgrade() -> None:
    pass
