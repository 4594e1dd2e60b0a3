"""Hide slugs of other tenants: drop the unique constraint, whose index EXPLAIN ANALYZE tells of.

PostgreSQL evaluates a leakproof condition such as slug = 'x' on an index before the policy, and
EXPLAIN ANALYZE says how many rows the policy removed then. lower(slug) is not leakproof: its index,
of the revision before, keeps slugs unique, because a slug has no upper-case letter.

Revision: 65edec6d6e13, after aa5d3f785467
Created: 2026-12-01 03:20:59+00:00
"""

from __future__ import annotations

from collections.abc import Sequence

from alembic import op

revision: str = "65edec6d6e13"
down_revision: str | Sequence[str] | None = "aa5d3f785467"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.drop_constraint(op.f("uq_tenants_slug"), "tenants", type_="unique")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            op.f("uq_tenants_slug"),
            table_name="tenants",
            if_exists=True,
            postgresql_concurrently=True,
        )
        op.create_index(
            op.f("uq_tenants_slug"), "tenants", ["slug"], unique=True, postgresql_concurrently=True
        )

    op.execute("""
        ALTER TABLE public.tenants ADD CONSTRAINT uq_tenants_slug UNIQUE USING INDEX uq_tenants_slug
    """)
