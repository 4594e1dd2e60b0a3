"""Users and roles."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE users (id integer PRIMARY KEY, name text)")
    op.execute("CREATE TABLE roles (name text PRIMARY KEY)")


def downgrade() -> None:
    op.execute("DROP TABLE roles")
    op.execute("DROP TABLE users")
