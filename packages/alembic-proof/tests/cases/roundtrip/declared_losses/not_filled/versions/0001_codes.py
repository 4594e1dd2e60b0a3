"""Codes that nobody guesses."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE public.users (id serial PRIMARY KEY)")
    op.execute(
        "CREATE TABLE public.codes (code text PRIMARY KEY CHECK (md5(code) LIKE '0000000%'), v text)"
    )


def downgrade() -> None:
    op.execute("DROP TABLE public.users, public.codes")
