"""Two tables, and a foreign key that is checked at the commit."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE customers (id integer PRIMARY KEY)")
    op.execute(
        "CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer NOT NULL "
        "REFERENCES customers DEFERRABLE INITIALLY DEFERRED)"
    )


def downgrade() -> None:
    op.execute("DROP TABLE orders, customers")
