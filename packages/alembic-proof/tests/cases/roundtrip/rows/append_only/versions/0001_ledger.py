"""A ledger that nobody changes."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE public.ledger (id integer PRIMARY KEY, amount integer NOT NULL)")
    op.execute(
        "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER ledger_guard BEFORE UPDATE OR DELETE ON public.ledger FOR EACH ROW EXECUTE FUNCTION public.refuse()"
    )
    op.execute(
        "CREATE TRIGGER ledger_guard_all BEFORE TRUNCATE ON public.ledger FOR EACH STATEMENT EXECUTE FUNCTION public.refuse()"
    )


def downgrade() -> None:
    op.drop_table("ledger")
    op.execute("DROP FUNCTION public.refuse()")
