"""The table left."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("CREATE TABLE t_left (id integer PRIMARY KEY)")


def downgrade() -> None:
    op.execute("DROP TABLE t_left")
