"""A downgrade with a wrong name."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("CREATE INDEX ix_users_name ON public.users (name)")


def downgrade() -> None:
    op.execute("DROP INDEX public.ix_user_name")
