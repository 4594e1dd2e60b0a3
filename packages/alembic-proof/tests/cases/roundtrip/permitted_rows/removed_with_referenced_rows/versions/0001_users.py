"""Users, and posts that go with them."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE users (id integer PRIMARY KEY, name text)")
    op.execute(
        "CREATE TABLE posts (id integer PRIMARY KEY,"
        " user_id integer NOT NULL REFERENCES users ON DELETE CASCADE, title text, body text)"
    )


def downgrade() -> None:
    op.execute("DROP TABLE posts")
    op.execute("DROP TABLE users")
