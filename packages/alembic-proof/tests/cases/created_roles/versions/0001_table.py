"""Table."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE users (id integer PRIMARY KEY)")


def downgrade() -> None:
    op.execute("DROP TABLE users")
