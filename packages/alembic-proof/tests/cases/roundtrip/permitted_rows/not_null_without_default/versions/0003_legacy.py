"""One that follows it, proved with rows again."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ADD COLUMN age integer")


def downgrade() -> None:
    pass
