"""Nobody is called anything."""

from alembic import op

revision = "0004"
down_revision = "0003"
lossy = "names are private"


def upgrade() -> None:
    op.execute("UPDATE public.users SET name = NULL")


def downgrade() -> None:
    pass
