"""One that is not proved: its index stays."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("CREATE INDEX ix_posts_search ON public.posts (id)")


def downgrade() -> None:
    pass
