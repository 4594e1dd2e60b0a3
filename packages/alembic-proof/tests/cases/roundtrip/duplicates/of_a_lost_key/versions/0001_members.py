"""Members with an address of their own."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE public.members (id integer PRIMARY KEY, email text NOT NULL UNIQUE, name text NOT NULL UNIQUE)"
    )


def downgrade() -> None:
    op.drop_table("members")
