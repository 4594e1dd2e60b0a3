"""The index becomes a constraint, and there is another one."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE public.members ADD CONSTRAINT members_email UNIQUE USING INDEX uq_members_email"
    )
    op.execute("ALTER TABLE public.members ADD UNIQUE (email)")


def downgrade() -> None:
    op.execute(
        "ALTER TABLE public.members DROP CONSTRAINT members_email_key, DROP CONSTRAINT members_email"
    )
    op.execute("CREATE UNIQUE INDEX uq_members_email ON public.members (email)")
