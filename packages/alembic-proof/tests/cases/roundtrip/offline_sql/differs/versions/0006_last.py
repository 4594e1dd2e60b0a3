"""Last."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("CREATE TABLE tags (id int)")


def downgrade() -> None:
    op.execute("DROP TABLE tags")
