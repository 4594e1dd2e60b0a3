"""Seats, taken or free."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE seats (id integer PRIMARY KEY, place integer NOT NULL CHECK (place"
        " = 7), is_taken boolean NOT NULL, a text NOT NULL, b text NOT NULL)"
    )


def downgrade() -> None:
    op.execute("DROP TABLE seats")
