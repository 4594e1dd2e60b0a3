"""One with no way back."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("CREATE TABLE public.posts (id integer PRIMARY KEY)")


def downgrade() -> None:
    raise NotImplementedError("posts are forever")
