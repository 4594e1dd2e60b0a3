"""The table right."""

from alembic import op

revision = "0003"
down_revision = "0001"


def upgrade() -> None:
    op.execute("CREATE TABLE t_right (id integer PRIMARY KEY)")


def downgrade() -> None:
    op.execute("DROP TABLE t_right")
