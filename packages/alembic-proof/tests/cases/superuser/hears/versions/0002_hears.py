"""An event trigger that hears of every command; a test says what it does."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        "CREATE FUNCTION public.hear() RETURNS event_trigger LANGUAGE plpgsql"
        " AS $$BEGIN NULL; END$$"
    )
    op.execute("CREATE EVENT TRIGGER hear ON ddl_command_start EXECUTE FUNCTION public.hear()")


def downgrade() -> None:
    op.execute("DROP EVENT TRIGGER hear")
    op.execute("DROP FUNCTION public.hear()")
