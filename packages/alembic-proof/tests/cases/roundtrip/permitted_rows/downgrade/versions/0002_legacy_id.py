"""The number goes; over rows it does not come back."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users DROP COLUMN legacy_id")


def downgrade() -> None:
    op.execute("ALTER TABLE public.users ADD COLUMN legacy_id integer NOT NULL")
