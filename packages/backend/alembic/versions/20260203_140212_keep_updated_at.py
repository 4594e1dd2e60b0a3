"""Keep updated_at by triggers, whatever writes the row.

A backfill is not an edit: the tables' owner suspends the triggers for one transaction with
SET LOCAL boards.keep_updated_at = 'on'. Other roles cannot.
"""

from __future__ import annotations

from alembic import op

revision: str = "a41d9e07c6b3"
down_revision: str | None = "8d27f4b3a916"
branch_labels: str | None = None
depends_on: str | None = None

TABLES = ("tenants", "users", "boards", "board_members", "generations")

SET_UPDATED_AT = """
CREATE FUNCTION public.set_updated_at() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF current_setting('boards.keep_updated_at', true) = 'on' AND EXISTS (
        SELECT FROM pg_class WHERE oid = TG_RELID AND pg_has_role(relowner, 'USAGE')
    ) THEN
        RETURN NEW;
    END IF;
    NEW.updated_at := now();
    RETURN NEW;
END
$function$
"""


def upgrade() -> None:
    op.execute(SET_UPDATED_AT)
    op.execute("REVOKE ALL ON FUNCTION public.set_updated_at() FROM PUBLIC")
    op.execute(
        """
        COMMENT ON FUNCTION public.set_updated_at()
        IS 'Sets updated_at; the owner can suspend it for a backfill by boards.keep_updated_at'
        """
    )
    for table in TABLES:
        op.execute(
            f"""
            CREATE TRIGGER {table}_set_updated_at
            BEFORE UPDATE ON public.{table}
            FOR EACH ROW EXECUTE FUNCTION public.set_updated_at()
            """
        )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"DROP TRIGGER {table}_set_updated_at ON public.{table}")
    op.execute("DROP FUNCTION public.set_updated_at()")
