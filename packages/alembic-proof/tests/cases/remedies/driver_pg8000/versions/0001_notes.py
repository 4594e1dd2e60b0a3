"""Notes, and a table that is there already."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE notes (id int PRIMARY KEY, name text)")


def downgrade() -> None:
    op.execute("DROP TABLE notes")
