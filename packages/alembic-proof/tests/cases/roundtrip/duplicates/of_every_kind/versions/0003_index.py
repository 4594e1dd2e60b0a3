"""A unique index over a date, for some rows."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("CREATE UNIQUE INDEX uq_b ON public.b (day) WHERE is_open")


def downgrade() -> None:
    op.drop_index("uq_b", "b")
