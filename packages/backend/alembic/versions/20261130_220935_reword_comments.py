"""Reword comments that were hard to read.

Revision: b67513846eb4, after f05c3e92b7a1
Created: 2026-11-30 22:10:06+00:00
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "b67513846eb4"
down_revision: str | Sequence[str] | None = "f05c3e92b7a1"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table_comment(
        "boards",
        "Collections of generations; deleting a board deletes its generations",
        existing_comment="Collections of generations; deleting one deletes what is on it",
        schema=None,
    )
    op.alter_column(
        "boards",
        "metadata",
        existing_type=postgresql.JSONB(astext_type=sa.Text()),
        existing_nullable=False,
        comment="Further attributes, as JSON",
    )

    op.create_table_comment(
        "credit_transactions",
        "An append-only ledger of credits: rows are deleted only with their tenant",
        existing_comment="An append-only ledger of credits: rows go only together with their tenant",
        schema=None,
    )
    op.alter_column(
        "credit_transactions",
        "amount",
        existing_type=sa.Numeric(precision=12, scale=4),
        existing_nullable=False,
        comment="The credits added; negative for credits taken",
    )
    op.alter_column(
        "credit_transactions",
        "balance_after",
        existing_type=sa.Numeric(precision=12, scale=4),
        existing_nullable=False,
        comment="The user's balance after the transaction, never negative",
    )
    op.alter_column(
        "credit_transactions",
        "description",
        existing_type=sa.Text(),
        existing_nullable=True,
        comment="The text that the ledger shows to people",
    )
    op.alter_column(
        "credit_transactions",
        "generation_id",
        existing_type=sa.Uuid(),
        existing_nullable=True,
        comment="The generation paid for; no foreign key, because the ledger outlives generations",
    )
    op.alter_column(
        "credit_transactions",
        "metadata",
        existing_type=postgresql.JSONB(astext_type=sa.Text()),
        existing_nullable=False,
        comment="Further attributes, as JSON",
    )
    op.alter_column(
        "credit_transactions",
        "transaction_type",
        existing_type=sa.Text(),
        existing_nullable=False,
        comment="The reason: reserve, finalize, refund, purchase or grant",
    )
    op.alter_column(
        "credit_transactions",
        "user_id",
        existing_type=sa.Uuid(),
        existing_nullable=False,
        comment="The user whose balance changes",
    )

    op.create_table_comment(
        "users",
        "The people of a tenant; a user who owns something cannot be deleted",
        existing_comment="The people of a tenant; who owns something cannot be deleted",
        schema=None,
    )
    op.alter_column(
        "users",
        "email",
        existing_type=sa.Text(),
        existing_nullable=True,
        comment="The address as the user writes it; compared case-insensitively, not unique",
    )
    op.alter_column(
        "users",
        "metadata",
        existing_type=postgresql.JSONB(astext_type=sa.Text()),
        existing_nullable=False,
        comment="Further attributes, as JSON",
    )

    op.alter_column(
        "board_members",
        "invited_by",
        existing_type=sa.Uuid(),
        existing_nullable=True,
        comment="The user who invited the member; NULL for a user who joined a public board",
    )

    op.alter_column(
        "generation_inputs",
        "position",
        existing_type=sa.Integer(),
        existing_nullable=False,
        comment="The input's position in the list, starting at 0",
    )
    op.alter_column(
        "generation_inputs",
        "input_generation_id",
        existing_type=sa.Uuid(),
        existing_nullable=False,
        comment="The generation used as the input; one may be used more than once",
    )

    op.alter_column(
        "generation_tags",
        "tag_id",
        existing_type=sa.Uuid(),
        existing_nullable=False,
        comment="A tag of the generation",
    )

    op.alter_column(
        "generations",
        "completed_at",
        existing_type=sa.DateTime(timezone=True),
        existing_nullable=True,
        comment="When the job ended, successfully or not",
    )
    op.alter_column(
        "generations",
        "input_params",
        existing_type=postgresql.JSONB(astext_type=sa.Text()),
        existing_nullable=False,
        comment="The generator's parameters, except other generations",
    )
    op.alter_column(
        "generations",
        "output_metadata",
        existing_type=postgresql.JSONB(astext_type=sa.Text()),
        existing_nullable=False,
        comment="What the generator reports about the artifact",
    )
    op.alter_column(
        "generations",
        "status",
        existing_type=sa.Text(),
        existing_nullable=False,
        comment="The job's state: pending, processing, completed, failed or cancelled",
    )
    op.alter_column(
        "generations",
        "thumbnail_url",
        existing_type=sa.Text(),
        existing_nullable=True,
        comment="Where the artifact's thumbnail is stored",
    )

    op.alter_column(
        "lora_models",
        "config",
        existing_type=postgresql.JSONB(astext_type=sa.Text()),
        existing_nullable=False,
        comment="How the weights were trained and how to apply them",
    )
    op.alter_column(
        "lora_models",
        "metadata",
        existing_type=postgresql.JSONB(astext_type=sa.Text()),
        existing_nullable=False,
        comment="Further attributes, as JSON",
    )
    op.alter_column(
        "lora_models",
        "trigger_word",
        existing_type=sa.Text(),
        existing_nullable=True,
        comment="The word in a prompt that activates the weights",
    )

    op.alter_column(
        "provider_configs",
        "config",
        existing_type=postgresql.JSONB(astext_type=sa.Text()),
        existing_nullable=False,
        comment="The provider's connection settings; secrets by reference only",
    )
    op.alter_column(
        "tags",
        "metadata",
        existing_type=postgresql.JSONB(astext_type=sa.Text()),
        existing_nullable=False,
        comment="Further attributes, as JSON",
    )


def downgrade() -> None:
    op.create_table_comment(
        "boards",
        "Collections of generations; deleting one deletes what is on it",
        existing_comment="Collections of generations; deleting a board deletes its generations",
        schema=None,
    )
    op.alter_column(
        "boards",
        "metadata",
        existing_type=postgresql.JSONB(astext_type=sa.Text()),
        existing_nullable=False,
        comment="What no column is for",
    )

    op.create_table_comment(
        "credit_transactions",
        "An append-only ledger of credits: rows go only together with their tenant",
        existing_comment="An append-only ledger of credits: rows are deleted only with their tenant",
        schema=None,
    )
    op.alter_column(
        "credit_transactions",
        "amount",
        existing_type=sa.Numeric(precision=12, scale=4),
        existing_nullable=False,
        comment="How many were added; negative when they were taken",
    )
    op.alter_column(
        "credit_transactions",
        "balance_after",
        existing_type=sa.Numeric(precision=12, scale=4),
        existing_nullable=False,
        comment="How many the user had afterwards, never less than none",
    )
    op.alter_column(
        "credit_transactions",
        "description",
        existing_type=sa.Text(),
        existing_nullable=True,
        comment="What people read in the ledger",
    )
    op.alter_column(
        "credit_transactions",
        "generation_id",
        existing_type=sa.Uuid(),
        existing_nullable=True,
        comment="The generation that it paid for; no foreign key, the ledger outlives it",
    )
    op.alter_column(
        "credit_transactions",
        "metadata",
        existing_type=postgresql.JSONB(astext_type=sa.Text()),
        existing_nullable=False,
        comment="What no column is for",
    )
    op.alter_column(
        "credit_transactions",
        "transaction_type",
        existing_type=sa.Text(),
        existing_nullable=False,
        comment="Why they moved: reserve, finalize, refund, purchase or grant",
    )
    op.alter_column(
        "credit_transactions",
        "user_id",
        existing_type=sa.Uuid(),
        existing_nullable=False,
        comment="The user whose credits moved",
    )

    op.create_table_comment(
        "users",
        "The people of a tenant; who owns something cannot be deleted",
        existing_comment="The people of a tenant; a user who owns something cannot be deleted",
        schema=None,
    )
    op.alter_column(
        "users",
        "email",
        existing_type=sa.Text(),
        existing_nullable=True,
        comment="As the user writes it; compared without case, and not unique",
    )
    op.alter_column(
        "users",
        "metadata",
        existing_type=postgresql.JSONB(astext_type=sa.Text()),
        existing_nullable=False,
        comment="What no column is for",
    )

    op.alter_column(
        "board_members",
        "invited_by",
        existing_type=sa.Uuid(),
        existing_nullable=True,
        comment="The user who invited the member; none for who joined a public board",
    )

    op.alter_column(
        "generation_inputs",
        "position",
        existing_type=sa.Integer(),
        existing_nullable=False,
        comment="The input's place, from 0",
    )
    op.alter_column(
        "generation_inputs",
        "input_generation_id",
        existing_type=sa.Uuid(),
        existing_nullable=False,
        comment="The generation that it was made from; may come more than once",
    )

    op.alter_column(
        "generation_tags",
        "tag_id",
        existing_type=sa.Uuid(),
        existing_nullable=False,
        comment="Its tag, once",
    )

    op.alter_column(
        "generations",
        "completed_at",
        existing_type=sa.DateTime(timezone=True),
        existing_nullable=True,
        comment="When the job ended, well or badly",
    )
    op.alter_column(
        "generations",
        "input_params",
        existing_type=postgresql.JSONB(astext_type=sa.Text()),
        existing_nullable=False,
        comment="What the generator was given, except other generations",
    )
    op.alter_column(
        "generations",
        "output_metadata",
        existing_type=postgresql.JSONB(astext_type=sa.Text()),
        existing_nullable=False,
        comment="What the generator says of the artifact",
    )
    op.alter_column(
        "generations",
        "status",
        existing_type=sa.Text(),
        existing_nullable=False,
        comment="How far the job is: pending, processing, completed, failed or cancelled",
    )
    op.alter_column(
        "generations",
        "thumbnail_url",
        existing_type=sa.Text(),
        existing_nullable=True,
        comment="Where its small picture is stored",
    )

    op.alter_column(
        "lora_models",
        "config",
        existing_type=postgresql.JSONB(astext_type=sa.Text()),
        existing_nullable=False,
        comment="How it was trained and is to be applied",
    )
    op.alter_column(
        "lora_models",
        "metadata",
        existing_type=postgresql.JSONB(astext_type=sa.Text()),
        existing_nullable=False,
        comment="What no column is for",
    )
    op.alter_column(
        "lora_models",
        "trigger_word",
        existing_type=sa.Text(),
        existing_nullable=True,
        comment="The word in a prompt that brings it out",
    )

    op.alter_column(
        "provider_configs",
        "config",
        existing_type=postgresql.JSONB(astext_type=sa.Text()),
        existing_nullable=False,
        comment="What the provider needs to be reached; secrets by reference only",
    )
    op.alter_column(
        "tags",
        "metadata",
        existing_type=postgresql.JSONB(astext_type=sa.Text()),
        existing_nullable=False,
        comment="What no column is for",
    )
