"""Credit transactions: an append-only ledger, and the guard that keeps it so."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from boards.dbmodels.base import (
    EMPTY_OBJECT,
    Base,
    CreatedAt,
    TenantScoped,
    allowed_values,
    tenant_foreign_key,
)
from boards.dbmodels.ddl import APPEND, after_create, after_drop


class CreditTransaction(TenantScoped, CreatedAt, Base, app_privileges=APPEND):
    """One movement of a user's credits."""

    __tablename__ = "credit_transactions"
    __table_args__ = (
        tenant_foreign_key("user_id", "users"),
        Index(None, "tenant_id", "user_id"),
        allowed_values("transaction_type", "reserve", "finalize", "refund", "purchase", "grant"),
        CheckConstraint("amount <> 'NaN'", name="amount_is_a_number"),
        CheckConstraint(
            "balance_after >= CAST(0 AS numeric) AND balance_after <> 'NaN'", name="balance_after"
        ),
        {"comment": "An append-only ledger of credits: rows are deleted only with their tenant"},
    )

    user_id: Mapped[UUID] = mapped_column(comment="The user whose balance changes")
    transaction_type: Mapped[str] = mapped_column(
        comment="The reason: reserve, finalize, refund, purchase or grant"
    )
    amount: Mapped[Decimal] = mapped_column(
        Numeric(12, 4), comment="The credits added; negative for credits taken"
    )
    balance_after: Mapped[Decimal] = mapped_column(
        Numeric(12, 4), comment="The user's balance after the transaction, never negative"
    )
    generation_id: Mapped[UUID | None] = mapped_column(
        comment="The generation paid for; no foreign key, because the ledger outlives generations"
    )
    description: Mapped[str | None] = mapped_column(
        comment="The text that the ledger shows to people"
    )
    metadata_: Mapped[dict[str, Any]] = mapped_column(
        "metadata", server_default=EMPTY_OBJECT, comment="Further attributes, as JSON"
    )


GUARD = """
CREATE OR REPLACE FUNCTION public.guard_credit_transactions() RETURNS trigger
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
"""
"""Refuse everything but INSERT, and DELETE after the tenant itself is deleted.

SECURITY DEFINER, so that it sees the tenant's row whatever app.tenant_id says: an invoker could set
it inside the DELETE and make the tenant look deleted. With row_security = off, a policy that would
hide the tenant's row, because the function's owner is not the table's, is an error.

Source: https://www.postgresql.org/docs/current/sql-createfunction.html#SQL-CREATEFUNCTION-SECURITY
"""

after_create(
    CreditTransaction,
    GUARD,
    "REVOKE ALL ON FUNCTION public.guard_credit_transactions() FROM PUBLIC",
    """
    COMMENT ON FUNCTION public.guard_credit_transactions()
    IS 'Refuses UPDATE, TRUNCATE, and DELETE unless the row''s tenant is gone'
    """,
    """
    CREATE TRIGGER credit_transactions_guard_rows
    BEFORE UPDATE OR DELETE ON public.credit_transactions
    FOR EACH ROW EXECUTE FUNCTION public.guard_credit_transactions()
    """,
    """
    CREATE TRIGGER credit_transactions_guard_table
    BEFORE TRUNCATE ON public.credit_transactions
    FOR EACH STATEMENT EXECUTE FUNCTION public.guard_credit_transactions()
    """,
)
after_drop(CreditTransaction, "DROP FUNCTION public.guard_credit_transactions()")
