"""Make the first tables: tenants, users, boards and generations.

Every key begins with the tenant, so that no row can point at another tenant's row.
uuid-ossp is made where it is missing and marked; one that was there before stays on downgrade.

Revision: 3f1c8a5d20b7, after base
Created: 2026-01-12 09:30:14+00:00
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "3f1c8a5d20b7"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("""
        DO $extension$
        DECLARE
            home text;
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'uuid-ossp') THEN
                IF NOT EXISTS (
                    SELECT FROM pg_catalog.pg_available_extensions WHERE name = 'uuid-ossp'
                ) THEN
                    RAISE EXCEPTION USING
                        ERRCODE = 'feature_not_supported',
                        MESSAGE = 'the extension uuid-ossp is not available on this server',
                        HINT = 'Install PostgreSQL''s contrib package on the server, then try again.';
                END IF;
                CREATE EXTENSION "uuid-ossp" WITH SCHEMA public;
                COMMENT ON EXTENSION "uuid-ossp"
                IS 'generate universally unique identifiers (UUIDs); made by Boards';
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
    """)
    op.create_table(
        "tenants",
        sa.Column(
            "id",
            sa.Uuid(),
            server_default=sa.text("gen_random_uuid()"),
            nullable=False,
            comment="The tenant's id, first part of every key",
        ),
        sa.Column("name", sa.Text(), nullable=False, comment="The name that people read"),
        sa.Column(
            "slug",
            sa.Text(),
            nullable=False,
            comment="The name in URLs, unique among all tenants: a-z, 0-9 and single hyphens",
        ),
        sa.Column(
            "settings",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
            comment="The tenant's preferences",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was inserted",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was last changed; kept by a trigger",
        ),
        sa.CheckConstraint(
            "char_length(name) BETWEEN 1 AND 255", name=op.f("ck_tenants_name_length")
        ),
        sa.CheckConstraint(
            "char_length(slug) BETWEEN 1 AND 63", name=op.f("ck_tenants_slug_length")
        ),
        sa.CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name=op.f("ck_tenants_slug_shape")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants")),
        sa.UniqueConstraint("slug", name=op.f("uq_tenants_slug")),
        comment="The units of isolation: every other row belongs to exactly one of them",
    )
    op.create_table(
        "users",
        sa.Column(
            "tenant_id",
            sa.Uuid(),
            nullable=False,
            comment="The tenant that owns the row, first part of every key",
        ),
        sa.Column(
            "id",
            sa.Uuid(),
            server_default=sa.text("gen_random_uuid()"),
            nullable=False,
            comment="The row's own id, unique together with the tenant",
        ),
        sa.Column(
            "auth_provider",
            sa.Text(),
            nullable=False,
            comment="The identity provider that vouches for the user",
        ),
        sa.Column(
            "auth_subject", sa.Text(), nullable=False, comment="The user's id at that provider"
        ),
        sa.Column(
            "email",
            sa.Text(),
            nullable=True,
            comment="As the user writes it; compared without case, and not unique",
        ),
        sa.Column("display_name", sa.Text(), nullable=True, comment="The name that others see"),
        sa.Column("avatar_url", sa.Text(), nullable=True, comment="Where the user's picture is"),
        sa.Column(
            "metadata",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
            comment="What no column is for",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was inserted",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was last changed; kept by a trigger",
        ),
        sa.CheckConstraint(
            "char_length(auth_provider) BETWEEN 1 AND 50",
            name=op.f("ck_users_auth_provider_length"),
        ),
        sa.CheckConstraint(
            "char_length(auth_subject) BETWEEN 1 AND 255", name=op.f("ck_users_auth_subject_length")
        ),
        sa.CheckConstraint(
            "char_length(display_name) <= 255", name=op.f("ck_users_display_name_length")
        ),
        sa.CheckConstraint("char_length(email) <= 320", name=op.f("ck_users_email_length")),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_users_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_users")),
        sa.UniqueConstraint(
            "tenant_id",
            "auth_provider",
            "auth_subject",
            name=op.f("uq_users_tenant_id_auth_provider_auth_subject"),
        ),
        comment="The people of a tenant; who owns something cannot be deleted",
    )
    op.create_table(
        "boards",
        sa.Column(
            "tenant_id",
            sa.Uuid(),
            nullable=False,
            comment="The tenant that owns the row, first part of every key",
        ),
        sa.Column(
            "id",
            sa.Uuid(),
            server_default=sa.text("gen_random_uuid()"),
            nullable=False,
            comment="The row's own id, unique together with the tenant",
        ),
        sa.Column("owner_id", sa.Uuid(), nullable=False, comment="The user who owns the board"),
        sa.Column("title", sa.Text(), nullable=False, comment="The name that people read"),
        sa.Column("description", sa.Text(), nullable=True, comment="What the board is for"),
        sa.Column(
            "is_public",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Whether everybody of the tenant may look at it",
        ),
        sa.Column(
            "settings",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
            comment="The board's preferences",
        ),
        sa.Column(
            "metadata",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
            comment="What no column is for",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was inserted",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was last changed; kept by a trigger",
        ),
        sa.CheckConstraint(
            "char_length(title) BETWEEN 1 AND 255", name=op.f("ck_boards_title_length")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "owner_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_boards_tenant_id_owner_id_users"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_boards_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_boards")),
        comment="Collections of generations; deleting one deletes what is on it",
    )
    op.create_index(
        op.f("ix_boards_tenant_id_owner_id"), "boards", ["tenant_id", "owner_id"], unique=False
    )
    op.create_table(
        "generations",
        sa.Column(
            "tenant_id",
            sa.Uuid(),
            nullable=False,
            comment="The tenant that owns the row, first part of every key",
        ),
        sa.Column(
            "id",
            sa.Uuid(),
            server_default=sa.text("gen_random_uuid()"),
            nullable=False,
            comment="The row's own id, unique together with the tenant",
        ),
        sa.Column(
            "board_id", sa.Uuid(), nullable=False, comment="The board that the artifact is for"
        ),
        sa.Column("user_id", sa.Uuid(), nullable=False, comment="The user who asked for it"),
        sa.Column(
            "generator_name", sa.Text(), nullable=False, comment="The generator that does the job"
        ),
        sa.Column(
            "artifact_type",
            sa.Text(),
            nullable=False,
            comment="What is made: image, video, audio, text, lora or model",
        ),
        sa.Column(
            "input_params",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="What the generator was given, except other generations",
        ),
        sa.Column(
            "input_generation_ids",
            postgresql.ARRAY(sa.Uuid()),
            server_default=sa.text("'{}'::uuid[]"),
            nullable=False,
            comment="The generations that it was made from, in order",
        ),
        sa.Column(
            "status",
            sa.Text(),
            server_default=sa.text("'pending'"),
            nullable=False,
            comment="How far the job is: pending, processing, completed, failed or cancelled",
        ),
        sa.Column("storage_url", sa.Text(), nullable=True, comment="Where the artifact is stored"),
        sa.Column(
            "thumbnail_url", sa.Text(), nullable=True, comment="Where its small picture is stored"
        ),
        sa.Column(
            "additional_files",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
            comment="Further files that the job made",
        ),
        sa.Column(
            "output_metadata",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
            comment="What the generator says of the artifact",
        ),
        sa.Column(
            "external_job_id", sa.Text(), nullable=True, comment="The job's id at the provider"
        ),
        sa.Column(
            "progress",
            sa.Numeric(precision=5, scale=2),
            server_default=sa.text("0"),
            nullable=False,
            comment="How much is done, in percent",
        ),
        sa.Column("error_message", sa.Text(), nullable=True, comment="Why the job failed"),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the provider began",
        ),
        sa.Column(
            "completed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the job ended, well or badly",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was inserted",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was last changed; kept by a trigger",
        ),
        sa.CheckConstraint(
            "artifact_type IN ('image', 'video', 'audio', 'text', 'lora', 'model')",
            name=op.f("ck_generations_artifact_type"),
        ),
        sa.CheckConstraint(
            "char_length(external_job_id) <= 255",
            name=op.f("ck_generations_external_job_id_length"),
        ),
        sa.CheckConstraint(
            "char_length(generator_name) BETWEEN 1 AND 100",
            name=op.f("ck_generations_generator_name_length"),
        ),
        sa.CheckConstraint(
            "progress BETWEEN CAST(0 AS numeric) AND CAST(100 AS numeric)",
            name=op.f("ck_generations_progress"),
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')",
            name=op.f("ck_generations_status"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "board_id"],
            ["boards.tenant_id", "boards.id"],
            name=op.f("fk_generations_tenant_id_board_id_boards"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_generations_tenant_id_user_id_users"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_generations_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_generations")),
        comment="Jobs of a generator and the artifacts that they made",
    )
    op.create_index(
        op.f("ix_generations_tenant_id_board_id"),
        "generations",
        ["tenant_id", "board_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_generations_tenant_id_user_id"),
        "generations",
        ["tenant_id", "user_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_table("generations")
    op.drop_table("boards")
    op.drop_table("users")
    op.drop_table("tenants")
    op.execute("""
        DO $extension$
        BEGIN
            IF 'generate universally unique identifiers (UUIDs); made by Boards' = (
                SELECT pg_catalog.obj_description(oid, 'pg_extension')
                FROM pg_catalog.pg_extension
                WHERE extname = 'uuid-ossp'
            ) THEN
                DROP EXTENSION "uuid-ossp";
            END IF;
        END
        $extension$
    """)
