"""Roles."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE public.roles (name text PRIMARY KEY)")


def downgrade() -> None:
    op.drop_table("roles")
