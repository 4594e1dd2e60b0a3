"""Texts become numbers; the column is called as an alias may be."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ALTER COLUMN t TYPE integer USING t::integer")


def downgrade() -> None:
    op.execute("ALTER TABLE public.users ALTER COLUMN t TYPE text")
