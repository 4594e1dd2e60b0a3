"""Users whose policy does not bind their owner yet."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE users (id integer PRIMARY KEY, name text)")


def downgrade() -> None:
    op.execute("DROP TABLE users")
