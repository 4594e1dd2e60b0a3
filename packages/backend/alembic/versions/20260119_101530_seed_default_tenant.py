"""Seed the default tenant, with the same id in every environment.

BOARDS_TENANT_NAME and BOARDS_TENANT_SLUG say what it is called; neither makes its id, which is
computed from constants. The downgrade removes this row alone, and refuses while others hang on it.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision: str = "5b6e0c94d1f2"
down_revision: str | None = "3f1c8a5d20b7"
branch_labels: str | None = None
depends_on: str | None = None

# alembic-proof: ignore[reads-environment] each deployment names its first tenant

NAMESPACE = UUID("6f9a1c52-3b7e-4d0e-9a64-2c85b1d7e0f3")
SEEDED_AT = datetime(2026, 1, 19, tzinfo=UTC)

TENANTS = sa.table(
    "tenants",
    sa.column("id", sa.Uuid()),
    sa.column("name", sa.Text()),
    sa.column("slug", sa.Text()),
    sa.column("created_at", sa.DateTime(timezone=True)),
    sa.column("updated_at", sa.DateTime(timezone=True)),
    schema="public",
)

REMOVE = f"""
DO $seed$
DECLARE
    seeded CONSTANT uuid = uuid_generate_v5('{NAMESPACE}'::uuid, 'default tenant');
    reference record;
    found_rows bigint;
    hanging text[] = '{{}}';
BEGIN
    -- From here on nobody can add a row that refers to the tenant.
    PERFORM FROM public.tenants WHERE id = seeded FOR UPDATE;
    FOR reference IN
        SELECT conrelid::regclass AS name, attname AS key
        FROM pg_catalog.pg_constraint
        JOIN pg_catalog.pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
        WHERE contype = 'f' AND confrelid = 'public.tenants'::regclass
        ORDER BY 1
    LOOP
        EXECUTE format('SELECT count(*) FROM %s WHERE %I = $1', reference.name, reference.key)
        INTO found_rows
        USING seeded;
        IF found_rows > 0 THEN
            hanging = hanging || format('%s (%s)', reference.name, found_rows);
        END IF;
    END LOOP;
    IF cardinality(hanging) > 0 THEN
        RAISE EXCEPTION USING
            ERRCODE = 'foreign_key_violation',
            MESSAGE = 'the default tenant still has rows in ' || array_to_string(hanging, ', '),
            HINT = 'Move these rows to another tenant or delete them, then downgrade again.';
    END IF;
    DELETE FROM public.tenants WHERE id = seeded;
END
$seed$
"""


def upgrade() -> None:
    op.execute(
        sa.insert(TENANTS).values(
            id=sa.func.uuid_generate_v5(sa.cast(str(NAMESPACE), sa.Uuid()), "default tenant"),
            name=tenant_name(),
            slug=tenant_slug(),
            created_at=SEEDED_AT,
            updated_at=SEEDED_AT,
        )
    )


def downgrade() -> None:
    op.execute(REMOVE)


def tenant_name() -> str:
    name = os.environ.get("BOARDS_TENANT_NAME", "").strip() or "Default"
    if len(name) > 255 or not name.isprintable():
        raise CommandError(
            "BOARDS_TENANT_NAME is not a name for the default tenant: "
            "write 1 to 255 printable characters on one line"
        )
    return name


def tenant_slug() -> str:
    slug = os.environ.get("BOARDS_TENANT_SLUG", "").strip() or "default"
    if len(slug) > 63 or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug):
        raise CommandError(
            f"BOARDS_TENANT_SLUG is not a slug for the default tenant: {slug[:80]!r}; "
            "write at most 63 of a-z and 0-9, with single hyphens between them"
        )
    return slug
