"""A table whose rows are counted, and nothing else."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE public.marks ()")


def downgrade() -> None:
    op.drop_table("marks")
