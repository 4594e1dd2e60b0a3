"""The first user goes, whether or not there are notes of theirs: the commit is refused."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("DELETE FROM users WHERE id = 1")


def downgrade() -> None:
    pass
