"""Codes, empty ones and none."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE parts (id integer PRIMARY KEY, a integer, b integer, c integer, d"
        " integer, e integer, f integer, g integer, code text)"
    )
    op.execute("CREATE TABLE codes (code text PRIMARY KEY)")


def downgrade() -> None:
    op.execute("DROP TABLE parts")
    op.execute("DROP TABLE codes")
