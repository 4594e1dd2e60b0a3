"""A table with an enum type."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TYPE state AS ENUM ('open', 'done')")
    op.execute("CREATE TABLE jobs (id integer PRIMARY KEY, state state NOT NULL)")


def downgrade() -> None:
    op.execute("DROP TABLE jobs")
    op.execute("DROP TYPE state")
