"""Index slugs in lower case: unique as before, and of no use to a query before the policy applies.

First of two: the next revision drops the unique constraint on the column itself. CREATE INDEX
CONCURRENTLY cannot run in a transaction. An attempt that failed leaves an invalid index under the
same name behind, so whatever bears the name goes first.

Revision: aa5d3f785467, after b67513846eb4
Created: 2026-12-01 03:20:58+00:00
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "aa5d3f785467"
down_revision: str | Sequence[str] | None = "b67513846eb4"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            op.f("ix_tenants_lower_slug"),
            table_name="tenants",
            if_exists=True,
            postgresql_concurrently=True,
        )
        op.create_index(
            op.f("ix_tenants_lower_slug"),
            "tenants",
            [sa.literal_column("lower(slug)")],
            unique=True,
            postgresql_concurrently=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            op.f("ix_tenants_lower_slug"),
            table_name="tenants",
            if_exists=True,
            postgresql_concurrently=True,
        )
