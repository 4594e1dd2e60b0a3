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
        if may_be_there():
            op.drop_index(INDEX, "users", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            INDEX, "users", ["tenant_id", sa.text("lower(email)")], postgresql_concurrently=True
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, "users", if_exists=True, postgresql_concurrently=True)


def may_be_there() -> bool:
    """Whether the name is taken, or nobody can be asked (`--sql`): IF EXISTS would say so aloud."""
    is_offline: bool = op.get_context().as_sql
    return is_offline or op.get_bind().scalar(sa.select(sa.func.to_regclass(INDEX))) is not None
