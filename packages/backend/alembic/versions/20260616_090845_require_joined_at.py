"""Require joined_at: second half of a NOT NULL made the safe way.

VALIDATE reads the table while everybody keeps writing; SET NOT NULL then trusts the valid check
and reads nothing, so that it holds its lock for an instant only.
"""

from __future__ import annotations

from alembic import op

revision: str = "b7e4108fd35c"
down_revision: str | None = "96a2d7c5084e"
branch_labels: str | None = None
depends_on: str | None = None

CHECK = "ck_board_members_joined_at_not_null"


def upgrade() -> None:
    # Rows that were being inserted while the check was added; usually none.
    op.execute("SET LOCAL boards.keep_updated_at = 'on'")
    op.execute("UPDATE public.board_members SET joined_at = created_at WHERE joined_at IS NULL")
    op.execute("SET LOCAL boards.keep_updated_at = 'off'")
    op.execute(f"ALTER TABLE public.board_members VALIDATE CONSTRAINT {CHECK}")
    op.alter_column("board_members", "joined_at", nullable=False)
    op.execute(f"ALTER TABLE public.board_members DROP CONSTRAINT {CHECK}")


def downgrade() -> None:
    op.execute(
        f"""
        ALTER TABLE public.board_members
        ADD CONSTRAINT {CHECK} CHECK (joined_at IS NOT NULL) NOT VALID
        """
    )
    op.alter_column("board_members", "joined_at", nullable=True)
