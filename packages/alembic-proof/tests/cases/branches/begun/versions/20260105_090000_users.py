"""Users.

Revision ID: 1a
Revises:
Create Date: 2026-01-05 09:00:00

"""

from alembic import op

revision = "1a"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE public.users (id integer PRIMARY KEY, name text)")


def downgrade() -> None:
    op.execute("DROP TABLE public.users")
