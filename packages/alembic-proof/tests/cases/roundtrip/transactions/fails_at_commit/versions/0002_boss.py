"""A row whose boss is nobody: PostgreSQL says so at the commit."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("INSERT INTO public.users VALUES (1, 2)")


def downgrade() -> None:
    op.execute("DELETE FROM public.users")
