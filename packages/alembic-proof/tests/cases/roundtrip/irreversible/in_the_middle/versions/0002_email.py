"""An address, with no way back."""

from alembic import op

revision = "0002"
down_revision = "0001"

irreversible = "the addresses are lost"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ADD COLUMN email text")


def downgrade() -> None:
    raise NotImplementedError(irreversible)
