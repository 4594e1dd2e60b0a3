"""Credit transactions: an append-only ledger, and the guard that keeps it so."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from boards.dbmodels.base import EMPTY_OBJECT, Base, Created, Identified, one_of, refers
from boards.dbmodels.ddl import APPEND, after_create, after_drop, grant_to_app, isolate_tenants


class CreditTransaction(Identified, Created, Base):
    """One movement of a user's credits."""

    __tablename__ = "credit_transactions"
    __table_args__ = (
        refers("user_id", "users"),
        Index(None, "tenant_id", "user_id"),
        one_of("transaction_type", "reserve", "finalize", "refund", "purchase", "grant"),
        CheckConstraint("amount <> 'NaN'", name="amount_is_a_number"),
        CheckConstraint("balance_after >= 0 AND balance_after <> 'NaN'", name="balance_after"),
        {"comment": "An append-only ledger of credits: rows go only together with their tenant"},
    )

    user_id: Mapped[UUID] = mapped_column(comment="The user whose credits moved")
    transaction_type: Mapped[str] = mapped_column(
        comment="Why they moved: reserve, finalize, refund, purchase or grant"
    )
    amount: Mapped[Decimal] = mapped_column(
        Numeric(12, 4), comment="How many were added; negative when they were taken"
    )
    balance_after: Mapped[Decimal] = mapped_column(
        Numeric(12, 4), comment="How many the user had afterwards, never less than none"
    )
    generation_id: Mapped[UUID | None] = mapped_column(
        comment="The generation that it paid for; no foreign key, the ledger outlives it"
    )
    description: Mapped[str | None] = mapped_column(comment="What people read in the ledger")
    metadata_: Mapped[dict[str, Any]] = mapped_column(
        "metadata", server_default=EMPTY_OBJECT, comment="What no column is for"
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
"""Refuses everything but INSERT, and DELETE once the tenant itself is gone.

SECURITY DEFINER, so that it sees the tenant's row whatever app.tenant_id says: an invoker could set
it inside the DELETE and make the tenant look gone. row_security = off turns a policy that would
hide the row, because the function's owner is not the table's, into an error instead of a yes.

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
isolate_tenants(CreditTransaction)
grant_to_app(CreditTransaction, APPEND)
