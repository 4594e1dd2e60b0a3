"""create tracks."""

from alembic import op

revision = "aaaaaaaaaaaa"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE tracks (id bigint PRIMARY KEY, title text NOT NULL)")


def downgrade() -> None:
    op.execute("DROP TABLE tracks")
