"""Articles, some of one title."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE articles (id integer PRIMARY KEY, title text NOT NULL)")


def downgrade() -> None:
    op.execute("DROP TABLE articles")
