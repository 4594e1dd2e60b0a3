"""Lines."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE lines (id integer PRIMARY KEY, v integer NOT NULL, w text NOT NULL)")


def downgrade() -> None:
    op.execute("DROP TABLE lines")
