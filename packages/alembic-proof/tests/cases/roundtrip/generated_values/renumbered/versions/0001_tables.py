"""Users, what refers to them and to each other, and tags."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE users (id integer PRIMARY KEY, name text, chief integer)")
    op.execute("ALTER TABLE users ADD FOREIGN KEY (chief) REFERENCES users ON UPDATE CASCADE")
    op.execute(
        "CREATE TABLE posts (id integer PRIMARY KEY, title text, author integer REFERENCES users ON UPDATE CASCADE)"
    )
    op.execute("CREATE TABLE tags (id integer PRIMARY KEY, name text NOT NULL)")


def downgrade() -> None:
    op.execute("DROP TABLE tags, posts, users")
