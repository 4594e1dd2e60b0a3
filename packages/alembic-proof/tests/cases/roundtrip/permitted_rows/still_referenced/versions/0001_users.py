"""Users, and notes of theirs."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE users (id integer PRIMARY KEY, name text)")
    op.execute("CREATE TABLE notes (id integer PRIMARY KEY, user_id integer REFERENCES users)")


def downgrade() -> None:
    op.execute("DROP TABLE notes")
    op.execute("DROP TABLE users")
