"""Find users by e-mail without case: an index made while everybody keeps writing.

CREATE INDEX CONCURRENTLY cannot run in a transaction. An attempt that failed leaves an invalid
index under the same name behind, so whatever bears the name goes first.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "1c96d8e45fa0"
down_revision: str | None = "e1f3a7902b58"
branch_labels: str | None = None
depends_on: str | None = None

INDEX = "ix_users_tenant_id_lower_email"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, "users", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            INDEX, "users", ["tenant_id", sa.text("lower(email)")], postgresql_concurrently=True
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, "users", if_exists=True, postgresql_concurrently=True)
