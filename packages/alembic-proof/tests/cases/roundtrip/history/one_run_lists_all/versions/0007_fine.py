"""A clean one on that branch."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("CREATE TABLE public.c (id integer)")


def downgrade() -> None:
    op.execute("DROP TABLE public.c")
