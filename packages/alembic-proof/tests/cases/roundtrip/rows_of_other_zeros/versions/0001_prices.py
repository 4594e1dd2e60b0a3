"""Prices."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE prices (id integer PRIMARY KEY, price numeric NOT NULL)")


def downgrade() -> None:
    op.execute("DROP TABLE prices")
