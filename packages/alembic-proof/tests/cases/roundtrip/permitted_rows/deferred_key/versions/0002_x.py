"""A column more."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE public.a ADD COLUMN x integer NOT NULL DEFAULT 1")


def downgrade() -> None:
    op.execute("ALTER TABLE public.a DROP COLUMN x")
