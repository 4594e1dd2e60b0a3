"""Make the first tables: tenants, users, boards and generations.

Every key begins with the tenant, so that no row can point at another tenant's row.
uuid-ossp is made where it is missing and marked; one that was there before stays on downgrade.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "3f1c8a5d20b7"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

UUID = sa.Uuid()
TEXT = sa.Text()
JSONB = postgresql.JSONB()
BOOLEAN = sa.Boolean()
TIME = sa.DateTime(timezone=True)

MARK = "generate universally unique identifiers (UUIDs); made by Boards"

CREATE_UUID_OSSP = f"""
DO $extension$
DECLARE
    home text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'uuid-ossp') THEN
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_available_extensions WHERE name = 'uuid-ossp')
        THEN
            RAISE EXCEPTION USING
                ERRCODE = 'feature_not_supported',
                MESSAGE = 'the extension uuid-ossp is not available on this server',
                HINT = 'Install PostgreSQL''s contrib package on the server, then try again.';
        END IF;
        CREATE EXTENSION "uuid-ossp" WITH SCHEMA public;
        COMMENT ON EXTENSION "uuid-ossp" IS '{MARK}';
    END IF;
    SELECT space.nspname INTO STRICT home
    FROM pg_catalog.pg_extension AS extension
    JOIN pg_catalog.pg_namespace AS space ON space.oid = extension.extnamespace
    WHERE extension.extname = 'uuid-ossp';
    IF NOT home = ANY (pg_catalog.current_schemas(true)) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = pg_catalog.concat(
                'the extension uuid-ossp is in the schema ', pg_catalog.quote_ident(home),
                ', which is not on the search_path'
            ),
            HINT = pg_catalog.concat(
                'Let a superuser run ALTER EXTENSION "uuid-ossp" SET SCHEMA public, or run ',
                'ALTER DATABASE ', pg_catalog.quote_ident(pg_catalog.current_database()),
                ' SET search_path = public, ', pg_catalog.quote_ident(home), '.'
            );
    END IF;
END
$extension$
"""

DROP_UUID_OSSP = f"""
DO $extension$
BEGIN
    IF '{MARK}' = (
        SELECT pg_catalog.obj_description(oid, 'pg_extension')
        FROM pg_catalog.pg_extension
        WHERE extname = 'uuid-ossp'
    ) THEN
        DROP EXTENSION "uuid-ossp";
    END IF;
END
$extension$
"""


def upgrade() -> None:
    op.execute(CREATE_UUID_OSSP)
    create_tenants()
    create_users()
    create_boards()
    create_generations()


def downgrade() -> None:
    op.drop_table("generations")
    op.drop_table("boards")
    op.drop_table("users")
    op.drop_table("tenants")
    op.execute(DROP_UUID_OSSP)


def create_tenants() -> None:
    op.create_table(
        "tenants",
        column(UUID, "id", "The tenant's id, first part of every key", default="gen_random_uuid()"),
        column(TEXT, "name", "The name that people read"),
        column(
            TEXT, "slug", "The name in URLs, unique among all tenants: a-z, 0-9 and single hyphens"
        ),
        column(JSONB, "settings", "The tenant's preferences", default="'{}'::jsonb"),
        *times(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants")),
        sa.UniqueConstraint("slug", name=op.f("uq_tenants_slug")),
        length("tenants", "name", "BETWEEN 1 AND 255"),
        length("tenants", "slug", "BETWEEN 1 AND 63"),
        check("tenants", "slug_shape", "slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'"),
        comment="The units of isolation: every other row belongs to exactly one of them",
    )


def create_users() -> None:
    op.create_table(
        "users",
        *keys(),
        column(TEXT, "auth_provider", "The identity provider that vouches for the user"),
        column(TEXT, "auth_subject", "The user's id at that provider"),
        column(
            TEXT, "email", "As the user writes it; compared without case, and not unique", null=True
        ),
        column(TEXT, "display_name", "The name that others see", null=True),
        column(TEXT, "avatar_url", "Where the user's picture is", null=True),
        column(JSONB, "metadata", "What no column is for", default="'{}'::jsonb"),
        *times(),
        *tenant_key("users"),
        sa.UniqueConstraint(
            "tenant_id",
            "auth_provider",
            "auth_subject",
            name=op.f("uq_users_tenant_id_auth_provider_auth_subject"),
        ),
        length("users", "auth_provider", "BETWEEN 1 AND 50"),
        length("users", "auth_subject", "BETWEEN 1 AND 255"),
        length("users", "email", "<= 320"),
        length("users", "display_name", "<= 255"),
        comment="The people of a tenant; who owns something cannot be deleted",
    )


def create_boards() -> None:
    op.create_table(
        "boards",
        *keys(),
        column(UUID, "owner_id", "The user who owns the board"),
        column(TEXT, "title", "The name that people read"),
        column(TEXT, "description", "What the board is for", null=True),
        column(
            BOOLEAN, "is_public", "Whether everybody of the tenant may look at it", default="false"
        ),
        column(JSONB, "settings", "The board's preferences", default="'{}'::jsonb"),
        column(JSONB, "metadata", "What no column is for", default="'{}'::jsonb"),
        *times(),
        *tenant_key("boards"),
        refers("boards", "owner_id", "users"),
        length("boards", "title", "BETWEEN 1 AND 255"),
        comment="Collections of generations; deleting one deletes what is on it",
    )
    index("boards", "owner_id")


def create_generations() -> None:
    table = "generations"
    op.create_table(
        table,
        *keys(),
        column(UUID, "board_id", "The board that the artifact is for"),
        column(UUID, "user_id", "The user who asked for it"),
        column(TEXT, "generator_name", "The generator that does the job"),
        column(TEXT, "artifact_type", "What is made: image, video, audio, text, lora or model"),
        column(JSONB, "input_params", "What the generator was given, except other generations"),
        column(
            postgresql.ARRAY(UUID),
            "input_generation_ids",
            "The generations that it was made from, in order",
            default="'{}'::uuid[]",
        ),
        column(
            TEXT,
            "status",
            "How far the job is: pending, processing, completed, failed or cancelled",
            default="'pending'",
        ),
        *generation_results(),
        *times(),
        *tenant_key(table),
        refers(table, "board_id", "boards", ondelete="CASCADE"),
        refers(table, "user_id", "users"),
        *generation_checks(table),
        comment="Jobs of a generator and the artifacts that they made",
    )
    index(table, "board_id")
    index(table, "user_id")


def generation_results() -> tuple[sa.Column[Any], ...]:
    return (
        column(TEXT, "storage_url", "Where the artifact is stored", null=True),
        column(TEXT, "thumbnail_url", "Where its small picture is stored", null=True),
        column(JSONB, "additional_files", "Further files that the job made", default="'[]'::jsonb"),
        column(
            JSONB,
            "output_metadata",
            "What the generator says of the artifact",
            default="'{}'::jsonb",
        ),
        column(TEXT, "external_job_id", "The job's id at the provider", null=True),
        column(sa.Numeric(5, 2), "progress", "How much is done, in percent", default="0"),
        column(TEXT, "error_message", "Why the job failed", null=True),
        column(TIME, "started_at", "When the provider began", null=True),
        column(TIME, "completed_at", "When the job ended, well or badly", null=True),
    )


def generation_checks(table: str) -> tuple[sa.CheckConstraint, ...]:
    artifact_types = "('image', 'video', 'audio', 'text', 'lora', 'model')"
    statuses = "('pending', 'processing', 'completed', 'failed', 'cancelled')"
    return (
        check(table, "artifact_type", f"artifact_type IN {artifact_types}"),
        check(table, "status", f"status IN {statuses}"),
        length(table, "generator_name", "BETWEEN 1 AND 100"),
        length(table, "external_job_id", "<= 255"),
        check(table, "progress", "progress BETWEEN 0 AND 100"),
    )


# The words that the tables above are written in.


def column(
    kind: sa.types.TypeEngine[Any],
    name: str,
    comment: str,
    *,
    default: str | None = None,
    null: bool = False,
) -> sa.Column[Any]:
    server_default = None if default is None else sa.text(default)
    return sa.Column(name, kind, server_default=server_default, nullable=null, comment=comment)


def keys() -> tuple[sa.Column[Any], ...]:
    return (
        column(UUID, "tenant_id", "The tenant that owns the row, first part of every key"),
        column(
            UUID,
            "id",
            "The row's own id, unique together with the tenant",
            default="gen_random_uuid()",
        ),
    )


def times() -> tuple[sa.Column[Any], ...]:
    return (
        column(TIME, "created_at", "When the row was inserted", default="now()"),
        column(
            TIME,
            "updated_at",
            "When the row was last changed; kept by a trigger",
            default="now()",
        ),
    )


def tenant_key(table: str) -> tuple[sa.PrimaryKeyConstraint, sa.ForeignKeyConstraint]:
    return (
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f(f"fk_{table}_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
    )


def refers(
    table: str, column: str, target: str, *, ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", column],
        [f"{target}.tenant_id", f"{target}.id"],
        name=op.f(f"fk_{table}_tenant_id_{column}_{target}"),
        ondelete=ondelete,
    )


def check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def length(table: str, column: str, bounds: str) -> sa.CheckConstraint:
    return check(table, f"{column}_length", f"char_length({column}) {bounds}")


def index(table: str, column: str) -> None:
    op.create_index(op.f(f"ix_{table}_tenant_id_{column}"), table, ["tenant_id", column])
