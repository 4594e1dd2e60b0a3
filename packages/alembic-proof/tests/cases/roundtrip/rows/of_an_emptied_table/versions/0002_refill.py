"""No user is kept."""

from alembic import op

revision = "0002"
down_revision = "0001"
lossy = "they register again"


def upgrade() -> None:
    op.execute("DELETE FROM public.users")


def downgrade() -> None:
    pass
