"""Fill joined_at with the time of the row, and keep it filled.

First half of a NOT NULL made the safe way. The check is NOT VALID: it binds new rows at once and
reads no old one; the next revision validates it without blocking anybody. LOCK TABLE comes first:
between the UPDATE and the stronger lock, a client of the same rows would end in a deadlock.

Revision: 96a2d7c5084e, after 2fb9c613ae84
Created: 2026-06-02 10:11:07+00:00
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "96a2d7c5084e"
down_revision: str | Sequence[str] | None = "2fb9c613ae84"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

lossy = "downgrade: a joined_at that was NULL keeps the time of its row"


def upgrade() -> None:
    op.execute("LOCK TABLE public.board_members IN ACCESS EXCLUSIVE MODE")
    op.execute("SET LOCAL boards.keep_updated_at = 'on'")
    op.execute("UPDATE public.board_members SET joined_at = created_at WHERE joined_at IS NULL")
    op.execute("SET LOCAL boards.keep_updated_at = 'off'")
    op.alter_column(
        "board_members",
        "joined_at",
        existing_type=sa.DateTime(timezone=True),
        server_default=sa.text("now()"),
        existing_nullable=True,
    )
    op.execute("""
        ALTER TABLE public.board_members
        ADD CONSTRAINT ck_board_members_joined_at_not_null
        CHECK (joined_at IS NOT NULL) NOT VALID
    """)


def downgrade() -> None:
    op.drop_constraint(op.f("ck_board_members_joined_at_not_null"), "board_members", type_="check")
    op.alter_column(
        "board_members",
        "joined_at",
        existing_type=sa.DateTime(timezone=True),
        server_default=None,
        existing_nullable=True,
    )
