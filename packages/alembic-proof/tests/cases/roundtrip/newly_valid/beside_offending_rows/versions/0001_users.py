"""Users and labels."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE users (id integer PRIMARY KEY, name text, age integer)")
    op.execute("CREATE TABLE labels (id integer PRIMARY KEY, name varchar(9) NOT NULL)")


def downgrade() -> None:
    op.execute("DROP TABLE labels")
    op.execute("DROP TABLE users")
