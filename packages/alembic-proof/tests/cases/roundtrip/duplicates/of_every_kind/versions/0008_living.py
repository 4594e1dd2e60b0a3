"""A name is taken by one that is not deleted."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("CREATE UNIQUE INDEX uq_g ON public.g (name) WHERE deleted_at IS NULL")


def downgrade() -> None:
    op.drop_index("uq_g", "g")
