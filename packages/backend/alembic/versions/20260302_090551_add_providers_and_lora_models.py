"""Add provider configurations and LoRA models, each with trigger, policy and grants."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "e1f3a7902b58"
down_revision: str | None = "c80b52f6e3d4"
branch_labels: str | None = None
depends_on: str | None = None

TENANT = "(SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)"
EMPTY_OBJECT = "'{}'::jsonb"


def upgrade() -> None:
    create_provider_configs()
    create_lora_models()
    op.create_index("ix_lora_models_tenant_id_user_id", "lora_models", ["tenant_id", "user_id"])
    for table in ("provider_configs", "lora_models"):
        protect(table)


def downgrade() -> None:
    op.drop_table("lora_models")
    op.drop_table("provider_configs")


def create_provider_configs() -> None:
    op.create_table(
        "provider_configs",
        *keys(),
        column("provider_name", sa.Text(), "The provider, once per tenant"),
        column(
            "config",
            postgresql.JSONB(),
            "What the provider needs to be reached; secrets by reference only",
        ),
        column(
            "is_enabled", sa.Boolean(), "Whether generations may use the provider", default="true"
        ),
        *times(),
        *constraints("provider_configs"),
        sa.UniqueConstraint(
            "tenant_id", "provider_name", name=op.f("uq_provider_configs_tenant_id_provider_name")
        ),
        sa.CheckConstraint(
            "char_length(provider_name) BETWEEN 1 AND 100",
            name=op.f("ck_provider_configs_provider_name_length"),
        ),
        comment="How a tenant reaches the providers that generate for it",
    )


def create_lora_models() -> None:
    op.create_table(
        "lora_models",
        *keys(),
        column("user_id", sa.Uuid(), "The user who trained or uploaded it"),
        column("name", sa.Text(), "The name that people read"),
        column("base_model", sa.Text(), "The model that the weights adapt"),
        column("storage_url", sa.Text(), "Where the weights are stored"),
        column("config", postgresql.JSONB(), "How it was trained and is to be applied"),
        sa.Column("trigger_word", sa.Text(), comment="The word in a prompt that brings it out"),
        column(
            "is_public", sa.Boolean(), "Whether everybody of the tenant may use it", default="false"
        ),
        column("metadata", postgresql.JSONB(), "What no column is for", default=EMPTY_OBJECT),
        *times(),
        *constraints("lora_models"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_lora_models_tenant_id_user_id_users"),
        ),
        sa.CheckConstraint(
            "char_length(name) BETWEEN 1 AND 255", name=op.f("ck_lora_models_name_length")
        ),
        sa.CheckConstraint(
            "char_length(base_model) BETWEEN 1 AND 100",
            name=op.f("ck_lora_models_base_model_length"),
        ),
        sa.CheckConstraint(
            "char_length(trigger_word) <= 100", name=op.f("ck_lora_models_trigger_word_length")
        ),
        comment="Trained weights that adapt a base model",
    )


def column(
    name: str, kind: sa.types.TypeEngine[Any], comment: str, *, default: str | None = None
) -> sa.Column[Any]:
    server_default = None if default is None else sa.text(default)
    return sa.Column(name, kind, server_default=server_default, nullable=False, comment=comment)


def keys() -> tuple[sa.Column[Any], ...]:
    return (
        column("tenant_id", sa.Uuid(), "The tenant that owns the row, first part of every key"),
        column(
            "id",
            sa.Uuid(),
            "The row's own id, unique together with the tenant",
            default="gen_random_uuid()",
        ),
    )


def times() -> tuple[sa.Column[Any], ...]:
    kind = sa.DateTime(timezone=True)
    changed = "When the row was last changed; kept by a trigger"
    return (
        column("created_at", kind, "When the row was inserted", default="now()"),
        column("updated_at", kind, changed, default="now()"),
    )


def constraints(table: str) -> tuple[sa.PrimaryKeyConstraint, sa.ForeignKeyConstraint]:
    return (
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f(f"fk_{table}_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
    )


def protect(table: str) -> None:
    op.execute(
        f"""
        CREATE TRIGGER {table}_set_updated_at
        BEFORE UPDATE ON public.{table}
        FOR EACH ROW EXECUTE FUNCTION public.set_updated_at()
        """
    )
    op.execute(f"ALTER TABLE public.{table} ENABLE ROW LEVEL SECURITY")
    op.execute(
        f"""
        CREATE POLICY {table}_isolation ON public.{table}
        USING (tenant_id = {TENANT})
        WITH CHECK (tenant_id = {TENANT})
        """
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE public.{table} TO boards_app")
