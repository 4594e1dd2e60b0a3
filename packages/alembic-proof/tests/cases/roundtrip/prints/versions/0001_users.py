"""Users, with a word to whoever reads along."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    print("making users")
    op.execute("CREATE TABLE public.users (id integer PRIMARY KEY, name text)")


def downgrade() -> None:
    print("dropping users")
    op.drop_table("users")
