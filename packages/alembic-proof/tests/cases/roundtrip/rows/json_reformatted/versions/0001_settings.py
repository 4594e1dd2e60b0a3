"""Settings as JSON."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE public.settings (id integer PRIMARY KEY, document json)")


def downgrade() -> None:
    op.drop_table("settings")
