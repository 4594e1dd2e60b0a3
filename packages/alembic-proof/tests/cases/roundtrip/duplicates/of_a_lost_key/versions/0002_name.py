"""A key for another; the downgrade forgets the first one."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.members DROP CONSTRAINT IF EXISTS members_email_key")
    op.execute("CREATE UNIQUE INDEX uq_members_email ON public.members (lower(email))")


def downgrade() -> None:
    op.execute("DROP INDEX public.uq_members_email")
