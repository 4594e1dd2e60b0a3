"""A name that is not there, and one that loses nothing."""

from alembic import op

revision = "0004"
down_revision = "0003"

lossy = "users.nmae: cut; audit.users.name: cut"


def upgrade() -> None:
    op.execute("ALTER TABLE users DROP COLUMN name")


def downgrade() -> None:
    op.execute("ALTER TABLE users ADD COLUMN name text")
