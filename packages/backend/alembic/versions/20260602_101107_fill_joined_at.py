"""Fill joined_at with the time of the row, and keep it filled.

First half of a NOT NULL made the safe way. The check is NOT VALID: it binds new rows at once and
reads no old one; the next revision validates it without blocking anybody. The UPDATE comes before
the statements that lock readers out; what slips in between is the next revision's.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "96a2d7c5084e"
down_revision: str | None = "2fb9c613ae84"
branch_labels: str | None = None
depends_on: str | None = None

lossy = "downgrade: a joined_at that was NULL keeps the time of its row"


def upgrade() -> None:
    op.execute("SET LOCAL boards.keep_updated_at = 'on'")
    op.execute("UPDATE public.board_members SET joined_at = created_at WHERE joined_at IS NULL")
    op.execute("SET LOCAL boards.keep_updated_at = 'off'")
    op.alter_column("board_members", "joined_at", server_default=sa.text("now()"))
    op.execute(
        """
        ALTER TABLE public.board_members
        ADD CONSTRAINT ck_board_members_joined_at_not_null
        CHECK (joined_at IS NOT NULL) NOT VALID
        """
    )


def downgrade() -> None:
    op.execute(
        "ALTER TABLE public.board_members DROP CONSTRAINT ck_board_members_joined_at_not_null"
    )
    op.alter_column("board_members", "joined_at", server_default=None)
