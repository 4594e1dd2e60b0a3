"""Addresses that differ in more than their case."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("CREATE UNIQUE INDEX uq_c ON public.c (lower(email))")


def downgrade() -> None:
    op.drop_index("uq_c", "c")
