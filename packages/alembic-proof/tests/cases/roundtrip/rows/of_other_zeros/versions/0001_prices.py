"""Prices."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TYPE span AS (low numeric, high numeric)")
    op.execute(
        "CREATE TABLE prices (id integer PRIMARY KEY, price numeric NOT NULL, many numeric[] NOT NULL,"
        ' span span NOT NULL, "from" numrange NOT NULL)'
    )


def downgrade() -> None:
    op.execute("DROP TABLE prices")
    op.execute("DROP TYPE span")
