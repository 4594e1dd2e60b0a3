"""Backfill display names: users without one get the local part of their e-mail address.

Each row that changes is marked in its metadata with the value that it got. The downgrade takes the
marks away, and with them the names that nobody has edited since. updated_at stays: a backfill is
not an edit by anybody.

Revision: 72e5b0a3c9d8, after 1c96d8e45fa0
Created: 2026-03-24 15:27:03+00:00
"""

from __future__ import annotations

from collections.abc import Sequence

from alembic import op

revision: str = "72e5b0a3c9d8"
down_revision: str | Sequence[str] | None = "1c96d8e45fa0"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("SET LOCAL boards.keep_updated_at = 'on'")
    op.execute("""
        UPDATE public.users
        SET display_name = name,
            metadata = metadata || pg_catalog.jsonb_build_object(
                'backfilled_display_name',
                pg_catalog.jsonb_build_object('by', '72e5b0a3c9d8', 'value', name)
            )
        FROM (
            SELECT tenant_id AS owner, id AS user_id, left(split_part(email, '@', 1), 255) AS name
            FROM public.users
        ) AS local_part
        WHERE tenant_id = owner
        AND id = user_id
        AND display_name IS NULL
        AND name <> ''
        AND jsonb_typeof(metadata) = 'object'
        AND NOT metadata OPERATOR(pg_catalog.?) 'backfilled_display_name'
    """)
    op.execute("SET LOCAL boards.keep_updated_at = 'off'")


def downgrade() -> None:
    op.execute("SET LOCAL boards.keep_updated_at = 'on'")
    op.execute("""
        UPDATE public.users
        SET display_name = CASE
                WHEN display_name
                    = (metadata OPERATOR(pg_catalog.#>>) '{backfilled_display_name,value}')
                THEN NULL
                ELSE display_name
            END,
            metadata = metadata OPERATOR(pg_catalog.-) 'backfilled_display_name'
        WHERE (metadata OPERATOR(pg_catalog.#>>) '{backfilled_display_name,by}') = '72e5b0a3c9d8'
    """)
    op.execute("SET LOCAL boards.keep_updated_at = 'off'")
