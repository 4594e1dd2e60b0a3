"""One branch, with no way back."""

from alembic import op

revision = "0002"
down_revision = "0001"

irreversible = "the left side stays"


def upgrade() -> None:
    op.execute("CREATE TABLE public.left_side (id integer PRIMARY KEY)")


def downgrade() -> None:
    raise NotImplementedError(irreversible)
