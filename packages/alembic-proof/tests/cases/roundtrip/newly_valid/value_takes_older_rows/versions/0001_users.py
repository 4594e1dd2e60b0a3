"""Users and their roles."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE public.users (id integer PRIMARY KEY, role text NOT NULL CONSTRAINT ck_role CHECK (role IN ('a', 'b')))"
    )


def downgrade() -> None:
    op.drop_table("users")
