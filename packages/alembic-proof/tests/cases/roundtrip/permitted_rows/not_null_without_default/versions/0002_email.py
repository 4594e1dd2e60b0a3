"""A column that no older row has a value for."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ADD COLUMN email text NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE public.users DROP COLUMN email")
