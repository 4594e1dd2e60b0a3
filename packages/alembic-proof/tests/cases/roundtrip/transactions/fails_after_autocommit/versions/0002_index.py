"""A downgrade that fails when a part of it is committed already."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("CREATE INDEX ix_users_name ON public.users (name)")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY public.ix_users_name")
    op.execute("DROP INDEX public.ix_users_mail")
