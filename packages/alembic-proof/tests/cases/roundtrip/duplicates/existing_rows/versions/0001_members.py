"""Members, of whom two may have one role."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE public.members (id integer PRIMARY KEY, role text NOT NULL CHECK (role IN ('a', 'b')))"
    )


def downgrade() -> None:
    op.drop_table("members")
