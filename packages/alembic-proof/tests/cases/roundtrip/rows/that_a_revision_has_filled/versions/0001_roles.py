"""Roles, all that there may be."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE roles (id integer PRIMARY KEY, name text NOT NULL UNIQUE CHECK"
        " (name IN ('admin', 'user')))"
    )
    op.execute("INSERT INTO roles VALUES (1, 'admin'), (2, 'user')")
    op.execute("CREATE TABLE users (id integer PRIMARY KEY)")


def downgrade() -> None:
    op.execute("DROP TABLE users")
    op.execute("DROP TABLE roles")
