"""Users have an email.

Revision ID: 2b
Revises: 1a
Create Date: 2026-01-06 09:00:00

"""

from typing import Union

from alembic import op

revision: str = "2b"
down_revision: Union[str, None] = "1a"  # noqa: UP007


def upgrade() -> None:
    op.execute("ALTER TABLE public.users ADD COLUMN email text")


def downgrade() -> None:
    op.execute("ALTER TABLE public.users DROP COLUMN email")
