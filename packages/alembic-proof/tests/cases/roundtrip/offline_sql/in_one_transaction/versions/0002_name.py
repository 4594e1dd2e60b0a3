"""Name."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE days ADD COLUMN name text")


def downgrade() -> None:
    op.execute("ALTER TABLE days DROP COLUMN name")
