"""A policy that its downgrade opens to everybody."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER POLICY own ON public.users USING (id = 1)")


def downgrade() -> None:
    op.execute("ALTER POLICY own ON public.users USING (true)")
