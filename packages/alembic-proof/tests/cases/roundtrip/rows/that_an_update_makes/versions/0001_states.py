"""States."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE jobs (id integer PRIMARY KEY, state text NOT NULL CHECK (state IN"
        " ('new', 'old', 'odd')))"
    )


def downgrade() -> None:
    op.execute("DROP TABLE jobs")
