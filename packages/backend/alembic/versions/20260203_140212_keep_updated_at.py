"""Keep updated_at by triggers, whatever writes the row.

A backfill is not an edit: the tables' owner suspends the triggers for one transaction with
SET LOCAL boards.keep_updated_at = 'on'. Other roles cannot.

Revision: a41d9e07c6b3, after 8d27f4b3a916
Created: 2026-02-03 14:02:12+00:00
"""

from __future__ import annotations

from collections.abc import Sequence

from alembic import op

revision: str = "a41d9e07c6b3"
down_revision: str | Sequence[str] | None = "8d27f4b3a916"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("""
        LOCK TABLE public.board_members, public.boards, public.generations, public.tenants, public.users
        IN SHARE ROW EXCLUSIVE MODE
    """)
    op.execute("""
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
""")
    op.execute("""
        COMMENT ON FUNCTION public.set_updated_at()
        IS 'Sets updated_at; the owner can suspend it for a backfill by boards.keep_updated_at'
    """)
    op.execute("REVOKE ALL ON FUNCTION public.set_updated_at() FROM PUBLIC")
    op.execute("""
        CREATE TRIGGER tenants_set_updated_at
        BEFORE UPDATE ON public.tenants
        FOR EACH ROW EXECUTE FUNCTION public.set_updated_at()
    """)
    op.execute("""
        CREATE TRIGGER users_set_updated_at
        BEFORE UPDATE ON public.users
        FOR EACH ROW EXECUTE FUNCTION public.set_updated_at()
    """)
    op.execute("""
        CREATE TRIGGER boards_set_updated_at
        BEFORE UPDATE ON public.boards
        FOR EACH ROW EXECUTE FUNCTION public.set_updated_at()
    """)
    op.execute("""
        CREATE TRIGGER board_members_set_updated_at
        BEFORE UPDATE ON public.board_members
        FOR EACH ROW EXECUTE FUNCTION public.set_updated_at()
    """)
    op.execute("""
        CREATE TRIGGER generations_set_updated_at
        BEFORE UPDATE ON public.generations
        FOR EACH ROW EXECUTE FUNCTION public.set_updated_at()
    """)


def downgrade() -> None:
    op.execute("""
        LOCK TABLE public.board_members, public.boards, public.generations, public.tenants, public.users
        IN ACCESS EXCLUSIVE MODE
    """)
    op.execute("DROP TRIGGER generations_set_updated_at ON public.generations")
    op.execute("DROP TRIGGER board_members_set_updated_at ON public.board_members")
    op.execute("DROP TRIGGER boards_set_updated_at ON public.boards")
    op.execute("DROP TRIGGER users_set_updated_at ON public.users")
    op.execute("DROP TRIGGER tenants_set_updated_at ON public.tenants")
    op.execute("DROP FUNCTION public.set_updated_at()")
