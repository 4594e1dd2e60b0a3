"""A column, nullable at first."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE users ADD COLUMN age integer")


def downgrade() -> None:
    op.execute("ALTER TABLE users DROP COLUMN age")
