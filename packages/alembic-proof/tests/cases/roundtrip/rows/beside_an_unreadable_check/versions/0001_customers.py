"""Customers, whose code nobody can guess."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE customers (id integer PRIMARY KEY, email text NOT NULL, name text"
        " NOT NULL, code text NOT NULL CHECK (code = upper(btrim(code))))"
    )


def downgrade() -> None:
    op.execute("DROP TABLE customers")
