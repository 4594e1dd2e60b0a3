"""No two bookings of one seat; an empty range overlaps none."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE public.bookings ADD CONSTRAINT alone"
        " EXCLUDE USING gist (seats WITH &&) WHERE (NOT cancelled)"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE public.bookings DROP CONSTRAINT alone")
