"""An index, of which the event trigger hears."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("DISCARD TEMP")
    op.execute("CREATE INDEX users_name ON public.users (name)")


def downgrade() -> None:
    op.execute("DROP INDEX public.users_name")
