"""One that follows it, proved with rows again."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE public.members ADD COLUMN name text")


def downgrade() -> None:
    op.execute("ALTER TABLE public.members DROP COLUMN email, DROP COLUMN name")
    op.execute("ALTER TABLE public.members ADD COLUMN email text")
