"""Its downgrade commits, where nothing fails behind that."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE notes ADD COLUMN m integer")


def downgrade() -> None:
    op.execute("ALTER TABLE notes DROP COLUMN m")
    op.get_bind().commit()
