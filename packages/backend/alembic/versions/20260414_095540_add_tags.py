"""Add tags, and which generation has which.

Revision: d4087b1fe629, after 72e5b0a3c9d8
Created: 2026-04-14 09:55:40+00:00
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "d4087b1fe629"
down_revision: str | Sequence[str] | None = "72e5b0a3c9d8"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("LOCK TABLE public.generations, public.tenants IN SHARE ROW EXCLUSIVE MODE")
    op.create_table(
        "tags",
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
        sa.Column("name", sa.Text(), nullable=False, comment="The word that people read"),
        sa.Column(
            "slug",
            sa.Text(),
            nullable=False,
            comment="The word in URLs, unique in the tenant: a-z, 0-9 and single hyphens",
        ),
        sa.Column("description", sa.Text(), nullable=True, comment="When to use the tag"),
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
        sa.CheckConstraint("char_length(name) BETWEEN 1 AND 100", name=op.f("ck_tags_name_length")),
        sa.CheckConstraint("char_length(slug) BETWEEN 1 AND 100", name=op.f("ck_tags_slug_length")),
        sa.CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name=op.f("ck_tags_slug_shape")),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_tags_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_tags")),
        sa.UniqueConstraint("tenant_id", "slug", name=op.f("uq_tags_tenant_id_slug")),
        comment="The words by which a tenant sorts its generations",
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE public.tags TO boards_app")
    op.execute("ALTER TABLE public.tags ENABLE ROW LEVEL SECURITY")
    op.execute("""
        CREATE TRIGGER tags_set_updated_at
        BEFORE UPDATE ON public.tags
        FOR EACH ROW EXECUTE FUNCTION public.set_updated_at()
    """)
    op.execute("""
        CREATE POLICY tags_isolation ON public.tags
        USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
        WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    """)
    op.create_table(
        "generation_tags",
        sa.Column(
            "tenant_id",
            sa.Uuid(),
            nullable=False,
            comment="The tenant that owns the row, first part of every key",
        ),
        sa.Column("generation_id", sa.Uuid(), nullable=False, comment="The generation"),
        sa.Column("tag_id", sa.Uuid(), nullable=False, comment="Its tag, once"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was inserted",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "generation_id"],
            ["generations.tenant_id", "generations.id"],
            name=op.f("fk_generation_tags_tenant_id_generation_id_generations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "tag_id"],
            ["tags.tenant_id", "tags.id"],
            name=op.f("fk_generation_tags_tenant_id_tag_id_tags"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_generation_tags_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "generation_id", "tag_id", name=op.f("pk_generation_tags")
        ),
        comment="Which generation has which tags",
    )
    op.execute("GRANT SELECT, INSERT, DELETE ON TABLE public.generation_tags TO boards_app")
    op.execute("ALTER TABLE public.generation_tags ENABLE ROW LEVEL SECURITY")
    op.create_index(
        op.f("ix_generation_tags_tenant_id_tag_id"),
        "generation_tags",
        ["tenant_id", "tag_id"],
        unique=False,
    )
    op.execute("""
        CREATE POLICY generation_tags_isolation ON public.generation_tags
        USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
        WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    """)


def downgrade() -> None:
    op.drop_table("generation_tags")
    op.drop_table("tags")
