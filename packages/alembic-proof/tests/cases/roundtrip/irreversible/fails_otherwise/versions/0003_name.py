"""Declares it, and names a column that is not there."""

from alembic import op

revision = "0003"
down_revision = "0002"

irreversible = "the names are lost"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users DROP COLUMN name")


def downgrade() -> None:
    op.execute("ALTER TABLE public.users DROP COLUMN naem")
