"""A table that goes with its rows."""

from alembic import op

revision = "0005"
down_revision = "0004"

lossy = "notes: they go with their table"


def upgrade() -> None:
    op.execute("CREATE TABLE notes (id integer PRIMARY KEY)")


def downgrade() -> None:
    op.execute("DROP TABLE notes")
