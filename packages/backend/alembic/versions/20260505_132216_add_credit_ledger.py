"""Add the credit ledger, append-only by a guard that nobody but the tables' owner can remove.

The guard is SECURITY DEFINER: an invoker could set app.tenant_id inside a DELETE and make the
tenant look gone. With row_security = off a policy that hid the tenant would be an error, not a yes.

Revision: 2fb9c613ae84, after d4087b1fe629
Created: 2026-05-05 13:22:16+00:00
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "2fb9c613ae84"
down_revision: str | Sequence[str] | None = "d4087b1fe629"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "credit_transactions",
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
        sa.Column("user_id", sa.Uuid(), nullable=False, comment="The user whose credits moved"),
        sa.Column(
            "transaction_type",
            sa.Text(),
            nullable=False,
            comment="Why they moved: reserve, finalize, refund, purchase or grant",
        ),
        sa.Column(
            "amount",
            sa.Numeric(precision=12, scale=4),
            nullable=False,
            comment="How many were added; negative when they were taken",
        ),
        sa.Column(
            "balance_after",
            sa.Numeric(precision=12, scale=4),
            nullable=False,
            comment="How many the user had afterwards, never less than none",
        ),
        sa.Column(
            "generation_id",
            sa.Uuid(),
            nullable=True,
            comment="The generation that it paid for; no foreign key, the ledger outlives it",
        ),
        sa.Column(
            "description", sa.Text(), nullable=True, comment="What people read in the ledger"
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
        sa.CheckConstraint(
            "amount <> 'NaN'", name=op.f("ck_credit_transactions_amount_is_a_number")
        ),
        sa.CheckConstraint(
            "balance_after >= CAST(0 AS numeric) AND balance_after <> 'NaN'",
            name=op.f("ck_credit_transactions_balance_after"),
        ),
        sa.CheckConstraint(
            "transaction_type IN ('reserve', 'finalize', 'refund', 'purchase', 'grant')",
            name=op.f("ck_credit_transactions_transaction_type"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_credit_transactions_tenant_id_user_id_users"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_credit_transactions_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_credit_transactions")),
        comment="An append-only ledger of credits: rows go only together with their tenant",
    )
    op.execute("GRANT SELECT, INSERT ON TABLE public.credit_transactions TO boards_app")
    op.execute("ALTER TABLE public.credit_transactions ENABLE ROW LEVEL SECURITY")
    op.create_index(
        op.f("ix_credit_transactions_tenant_id_user_id"),
        "credit_transactions",
        ["tenant_id", "user_id"],
        unique=False,
    )
    op.execute("""
        CREATE POLICY credit_transactions_isolation ON public.credit_transactions
        USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
        WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    """)
    op.execute("""
CREATE FUNCTION public.guard_credit_transactions() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = off
AS $function$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF NOT EXISTS (SELECT FROM public.tenants WHERE id = OLD.tenant_id) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = 'object_not_in_prerequisite_state',
        MESSAGE = concat('credit_transactions is append-only: ', TG_OP, ' is refused'),
        HINT = 'Correct a movement by a new row; rows go only together with their tenant.';
END
$function$
""")
    op.execute("REVOKE ALL ON FUNCTION public.guard_credit_transactions() FROM PUBLIC")
    op.execute("""
        COMMENT ON FUNCTION public.guard_credit_transactions()
        IS 'Refuses UPDATE, TRUNCATE, and DELETE unless the row''s tenant is gone'
    """)
    op.execute("""
        CREATE TRIGGER credit_transactions_guard_rows
        BEFORE UPDATE OR DELETE ON public.credit_transactions
        FOR EACH ROW EXECUTE FUNCTION public.guard_credit_transactions()
    """)
    op.execute("""
        CREATE TRIGGER credit_transactions_guard_table
        BEFORE TRUNCATE ON public.credit_transactions
        FOR EACH STATEMENT EXECUTE FUNCTION public.guard_credit_transactions()
    """)


def downgrade() -> None:
    op.drop_table("credit_transactions")
    op.execute("DROP FUNCTION public.guard_credit_transactions()")
