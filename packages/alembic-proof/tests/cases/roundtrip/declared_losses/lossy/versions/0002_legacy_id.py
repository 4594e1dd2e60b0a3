"""The number goes, as it declares."""

from alembic import op

revision = "0002"
down_revision = "0001"

lossy = "downgrade: the numbers of the older system are gone"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users DROP COLUMN legacy_id")


def downgrade() -> None:
    op.execute("ALTER TABLE public.users ADD COLUMN legacy_id integer")
