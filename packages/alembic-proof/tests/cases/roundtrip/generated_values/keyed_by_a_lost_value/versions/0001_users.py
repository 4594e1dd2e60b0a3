"""Users."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE public.users (id integer PRIMARY KEY, name text NOT NULL)")


def downgrade() -> None:
    op.drop_table("users")
