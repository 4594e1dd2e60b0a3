"""An index, which its downgrade forgets."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("CREATE INDEX users_name ON public.users (name)")


def downgrade() -> None:
    pass
