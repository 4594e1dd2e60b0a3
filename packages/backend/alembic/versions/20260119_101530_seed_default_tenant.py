"""Seed the default tenant, with the same id in every environment.

BOARDS_TENANT_NAME and BOARDS_TENANT_SLUG say what it is called; neither makes its id, which is
computed from constants. The downgrade removes this row alone, and refuses while others hang on it.

Revision: 5b6e0c94d1f2, after 3f1c8a5d20b7
Created: 2026-01-19 10:15:30+00:00
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision: str = "5b6e0c94d1f2"
down_revision: str | Sequence[str] | None = "3f1c8a5d20b7"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# alembic-proof: ignore[reads-environment] each deployment names its first tenant


def upgrade() -> None:
    name = os.environ.get("BOARDS_TENANT_NAME", "").strip() or "Default"
    if len(name) > 255 or not name.isprintable():
        raise CommandError(
            "BOARDS_TENANT_NAME is not a name for the default tenant: "
            "write 1 to 255 printable characters on one line"
        )
    slug = os.environ.get("BOARDS_TENANT_SLUG", "").strip() or "default"
    if len(slug) > 63 or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug):
        raise CommandError(
            f"BOARDS_TENANT_SLUG is not a slug for the default tenant: {slug[:80]!r}; "
            "write at most 63 of a-z and 0-9, with single hyphens between them"
        )
    op.execute(
        sa.text("""
            INSERT INTO public.tenants (id, name, slug, created_at, updated_at)
            VALUES (
                uuid_generate_v5('6f9a1c52-3b7e-4d0e-9a64-2c85b1d7e0f3'::uuid, 'default tenant'),
                :name,
                :slug,
                '2026-01-19 00:00:00+00',
                '2026-01-19 00:00:00+00'
            )
        """).bindparams(name=name, slug=slug)
    )


def downgrade() -> None:
    op.execute("""
        DO $seed$
        DECLARE
            seeded CONSTANT uuid = uuid_generate_v5(
                '6f9a1c52-3b7e-4d0e-9a64-2c85b1d7e0f3'::uuid, 'default tenant'
            );
            reference record;
            found_rows bigint;
            hanging text[] = '{}';
        BEGIN
            -- From here on nobody can add a row that refers to the tenant.
            PERFORM FROM public.tenants WHERE id = seeded FOR UPDATE;
            FOR reference IN
                SELECT conrelid::regclass AS name, attname AS key
                FROM pg_catalog.pg_constraint
                JOIN pg_catalog.pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
                WHERE contype = 'f' AND confrelid OPERATOR(pg_catalog.=) 'public.tenants'::regclass
                ORDER BY 1
            LOOP
                EXECUTE pg_catalog.format(
                    'SELECT count(*) FROM %s WHERE %I = $1', reference.name, reference.key
                )
                INTO found_rows
                USING seeded;
                IF found_rows > 0 THEN
                    hanging = pg_catalog.array_append(
                        hanging, pg_catalog.format('%s (%s)', reference.name, found_rows)
                    );
                END IF;
            END LOOP;
            IF pg_catalog.cardinality(hanging) > 0 THEN
                RAISE EXCEPTION USING
                    ERRCODE = 'foreign_key_violation',
                    MESSAGE = pg_catalog.concat(
                        'the default tenant still has rows in ',
                        pg_catalog.array_to_string(hanging, ', ')
                    ),
                    HINT = 'Move these rows to another tenant or delete them, then downgrade again.';
            END IF;
            DELETE FROM public.tenants WHERE id = seeded;
        END
        $seed$
    """)
