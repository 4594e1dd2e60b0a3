"""Require joined_at: second half of a NOT NULL made the safe way.

VALIDATE reads the table while everybody keeps writing; SET NOT NULL then trusts the valid check
and reads nothing, so that it holds its lock for an instant only.

Revision: b7e4108fd35c, after 96a2d7c5084e
Created: 2026-06-16 09:08:45+00:00
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "b7e4108fd35c"
down_revision: str | Sequence[str] | None = "96a2d7c5084e"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # Rows that were being inserted while the check was added without LOCK TABLE; usually none.
    # alembic-proof: ignore[locks-not-taken-first] VALIDATE must not keep readers out
    op.execute("SET LOCAL boards.keep_updated_at = 'on'")
    op.execute("UPDATE public.board_members SET joined_at = created_at WHERE joined_at IS NULL")
    op.execute("SET LOCAL boards.keep_updated_at = 'off'")
    op.execute(
        "ALTER TABLE public.board_members VALIDATE CONSTRAINT ck_board_members_joined_at_not_null"
    )
    op.alter_column(
        "board_members",
        "joined_at",
        existing_type=sa.DateTime(timezone=True),
        nullable=False,
    )
    op.drop_constraint(op.f("ck_board_members_joined_at_not_null"), "board_members", type_="check")


def downgrade() -> None:
    op.execute("""
        ALTER TABLE public.board_members
        ADD CONSTRAINT ck_board_members_joined_at_not_null CHECK (joined_at IS NOT NULL) NOT VALID
    """)
    op.alter_column(
        "board_members",
        "joined_at",
        existing_type=sa.DateTime(timezone=True),
        nullable=True,
    )
