"""Tags."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE public.tags (id integer PRIMARY KEY, description text, size integer)")


def downgrade() -> None:
    op.drop_table("tags")
