"""Bookings."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE public.bookings (id serial PRIMARY KEY, seats int4range NOT NULL,"
        " cancelled boolean NOT NULL DEFAULT false)"
    )


def downgrade() -> None:
    op.execute("DROP TABLE public.bookings")
