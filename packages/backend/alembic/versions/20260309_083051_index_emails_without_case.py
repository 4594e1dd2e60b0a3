"""Find users by e-mail without case: an index made while everybody keeps writing.

CREATE INDEX CONCURRENTLY cannot run in a transaction. An attempt that failed leaves an invalid
index under the same name behind, so whatever bears the name goes first.

Revision: 1c96d8e45fa0, after e1f3a7902b58
Created: 2026-03-09 08:30:51+00:00
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "1c96d8e45fa0"
down_revision: str | Sequence[str] | None = "e1f3a7902b58"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_users_tenant_id_lower_email",
            table_name="users",
            postgresql_concurrently=True,
            if_exists=True,
        )
        op.create_index(
            "ix_users_tenant_id_lower_email",
            "users",
            ["tenant_id", sa.literal_column("lower(email)")],
            unique=False,
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            "ix_users_tenant_id_lower_email",
            table_name="users",
            postgresql_concurrently=True,
            if_exists=True,
        )
