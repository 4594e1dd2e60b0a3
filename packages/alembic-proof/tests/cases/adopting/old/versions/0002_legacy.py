"""The old numbers go."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.drop_column("users", "legacy")


def downgrade() -> None:
    op.execute("ALTER TABLE public.users ADD COLUMN legacy integer")
