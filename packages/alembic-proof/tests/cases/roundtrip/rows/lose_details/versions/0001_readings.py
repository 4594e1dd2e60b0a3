"""One column for each detail that a conversion may lose."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE public.readings (id integer PRIMARY KEY, exact numeric, measured float8,"
        " name text, title text NOT NULL, payload json, details jsonb, lasted interval,"
        " is_open boolean, rate numeric(12, 4), home inet)"
    )


def downgrade() -> None:
    op.drop_table("readings")
