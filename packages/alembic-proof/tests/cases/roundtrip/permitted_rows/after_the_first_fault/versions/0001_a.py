"""A table without a way back."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE a (id integer PRIMARY KEY)")
    op.execute("CREATE TABLE b (id integer PRIMARY KEY)")


def downgrade() -> None:
    op.execute("DROP TABLE nothing")
