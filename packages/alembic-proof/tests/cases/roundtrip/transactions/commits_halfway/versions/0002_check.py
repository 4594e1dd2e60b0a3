"""It commits in the middle, and fails on rows behind that: the column stays."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE notes ADD COLUMN n integer")
    op.get_bind().commit()
    op.execute("ALTER TABLE notes ADD CONSTRAINT short CHECK (length(name) < 3)")


def downgrade() -> None:
    op.execute("ALTER TABLE notes DROP CONSTRAINT short, DROP COLUMN n")
