"""Add provider configurations and LoRA models, each with trigger, policy and grants.

Revision: e1f3a7902b58, after c80b52f6e3d4
Created: 2026-03-02 09:05:51+00:00
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "e1f3a7902b58"
down_revision: str | Sequence[str] | None = "c80b52f6e3d4"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("LOCK TABLE public.tenants, public.users IN SHARE ROW EXCLUSIVE MODE")
    op.create_table(
        "provider_configs",
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
            "provider_name", sa.Text(), nullable=False, comment="The provider, once per tenant"
        ),
        sa.Column(
            "config",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="What the provider needs to be reached; secrets by reference only",
        ),
        sa.Column(
            "is_enabled",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="Whether generations may use the provider",
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
            "char_length(provider_name) BETWEEN 1 AND 100",
            name=op.f("ck_provider_configs_provider_name_length"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_provider_configs_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_provider_configs")),
        sa.UniqueConstraint(
            "tenant_id", "provider_name", name=op.f("uq_provider_configs_tenant_id_provider_name")
        ),
        comment="How a tenant reaches the providers that generate for it",
    )
    op.execute(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE public.provider_configs TO boards_app"
    )
    op.execute("ALTER TABLE public.provider_configs ENABLE ROW LEVEL SECURITY")
    op.execute("""
        CREATE TRIGGER provider_configs_set_updated_at
        BEFORE UPDATE ON public.provider_configs
        FOR EACH ROW EXECUTE FUNCTION public.set_updated_at()
    """)
    op.execute("""
        CREATE POLICY provider_configs_isolation ON public.provider_configs
        USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
        WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    """)
    op.create_table(
        "lora_models",
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
            "user_id", sa.Uuid(), nullable=False, comment="The user who trained or uploaded it"
        ),
        sa.Column("name", sa.Text(), nullable=False, comment="The name that people read"),
        sa.Column(
            "base_model", sa.Text(), nullable=False, comment="The model that the weights adapt"
        ),
        sa.Column("storage_url", sa.Text(), nullable=False, comment="Where the weights are stored"),
        sa.Column(
            "config",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="How it was trained and is to be applied",
        ),
        sa.Column(
            "trigger_word",
            sa.Text(),
            nullable=True,
            comment="The word in a prompt that brings it out",
        ),
        sa.Column(
            "is_public",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Whether everybody of the tenant may use it",
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
            "char_length(base_model) BETWEEN 1 AND 100",
            name=op.f("ck_lora_models_base_model_length"),
        ),
        sa.CheckConstraint(
            "char_length(name) BETWEEN 1 AND 255", name=op.f("ck_lora_models_name_length")
        ),
        sa.CheckConstraint(
            "char_length(trigger_word) <= 100", name=op.f("ck_lora_models_trigger_word_length")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_lora_models_tenant_id_user_id_users"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_lora_models_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_lora_models")),
        comment="Trained weights that adapt a base model",
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE public.lora_models TO boards_app")
    op.execute("ALTER TABLE public.lora_models ENABLE ROW LEVEL SECURITY")
    op.create_index(
        op.f("ix_lora_models_tenant_id_user_id"),
        "lora_models",
        ["tenant_id", "user_id"],
        unique=False,
    )
    op.execute("""
        CREATE TRIGGER lora_models_set_updated_at
        BEFORE UPDATE ON public.lora_models
        FOR EACH ROW EXECUTE FUNCTION public.set_updated_at()
    """)
    op.execute("""
        CREATE POLICY lora_models_isolation ON public.lora_models
        USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
        WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    """)


def downgrade() -> None:
    op.execute("""
        LOCK TABLE public.lora_models, public.provider_configs, public.tenants, public.users
        IN ACCESS EXCLUSIVE MODE
    """)
    op.drop_table("lora_models")
    op.drop_table("provider_configs")
