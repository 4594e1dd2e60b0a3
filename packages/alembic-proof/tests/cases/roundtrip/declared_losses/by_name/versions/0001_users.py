"""Users."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE public.users (id integer PRIMARY KEY, name text, legacy_id integer,"
        " size integer, age integer)"
    )
    op.execute("CREATE SCHEMA audit")
    op.execute("CREATE TABLE audit.users (id integer PRIMARY KEY, name text, at date)")


def downgrade() -> None:
    op.execute("DROP TABLE audit.users")
    op.execute("DROP SCHEMA audit")
    op.drop_table("users")
