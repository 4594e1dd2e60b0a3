"""The way back relies on a table that only the session of the upgrade has."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("CREATE TEMPORARY TABLE kept AS SELECT id, name FROM public.users")
    op.execute(
        "CREATE FUNCTION pg_temp.twice(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1 * 2'"
    )
    op.execute("UPDATE public.users SET name = upper(name)")


def downgrade() -> None:
    op.execute("UPDATE public.users SET name = kept.name FROM kept WHERE kept.id = users.id")
