"""A table for public, which lands elsewhere."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("CREATE TABLE users (id integer PRIMARY KEY)")


def downgrade() -> None:
    op.execute("DROP TABLE users")
