"""Add tags, and which generation has which."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "d4087b1fe629"
down_revision: str | None = "72e5b0a3c9d8"
branch_labels: str | None = None
depends_on: str | None = None

TENANT = "(SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)"


def upgrade() -> None:
    create_tags()
    op.execute(
        """
        CREATE TRIGGER tags_set_updated_at
        BEFORE UPDATE ON public.tags
        FOR EACH ROW EXECUTE FUNCTION public.set_updated_at()
        """
    )
    create_generation_tags()
    op.create_index(
        "ix_generation_tags_tenant_id_tag_id", "generation_tags", ["tenant_id", "tag_id"]
    )
    for table in ("tags", "generation_tags"):
        isolate(table)
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE public.tags TO boards_app")
    op.execute("GRANT SELECT, INSERT, DELETE ON TABLE public.generation_tags TO boards_app")


def downgrade() -> None:
    op.drop_table("generation_tags")
    op.drop_table("tags")


def create_tags() -> None:
    op.create_table(
        "tags",
        tenant_id(),
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
            postgresql.JSONB(),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
            comment="What no column is for",
        ),
        time("created_at", "When the row was inserted"),
        time("updated_at", "When the row was last changed; kept by a trigger"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_tags")),
        sa.UniqueConstraint("tenant_id", "slug", name=op.f("uq_tags_tenant_id_slug")),
        sa.CheckConstraint("char_length(name) BETWEEN 1 AND 100", name=op.f("ck_tags_name_length")),
        sa.CheckConstraint("char_length(slug) BETWEEN 1 AND 100", name=op.f("ck_tags_slug_length")),
        sa.CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name=op.f("ck_tags_slug_shape")),
        tenant_key("tags"),
        comment="The words by which a tenant sorts its generations",
    )


def create_generation_tags() -> None:
    op.create_table(
        "generation_tags",
        tenant_id(),
        sa.Column("generation_id", sa.Uuid(), nullable=False, comment="The generation"),
        sa.Column("tag_id", sa.Uuid(), nullable=False, comment="Its tag, once"),
        time("created_at", "When the row was inserted"),
        sa.PrimaryKeyConstraint(
            "tenant_id", "generation_id", "tag_id", name=op.f("pk_generation_tags")
        ),
        tenant_key("generation_tags"),
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
        comment="Which generation has which tags",
    )


def tenant_id() -> sa.Column[Any]:
    return sa.Column(
        "tenant_id",
        sa.Uuid(),
        nullable=False,
        comment="The tenant that owns the row, first part of every key",
    )


def time(name: str, comment: str) -> sa.Column[Any]:
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        server_default=sa.text("now()"),
        nullable=False,
        comment=comment,
    )


def tenant_key(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id"],
        ["tenants.id"],
        name=op.f(f"fk_{table}_tenant_id_tenants"),
        ondelete="CASCADE",
    )


def isolate(table: str) -> None:
    op.execute(f"ALTER TABLE public.{table} ENABLE ROW LEVEL SECURITY")
    op.execute(
        f"""
        CREATE POLICY {table}_isolation ON public.{table}
        USING (tenant_id = {TENANT})
        WITH CHECK (tenant_id = {TENANT})
        """
    )
