"""One loss is named, the other is not."""

from alembic import op

revision = "0002"
down_revision = "0001"

lossy = "users.legacy_id: the numbers of the older system are gone"


def upgrade() -> None:
    op.execute("ALTER TABLE users DROP COLUMN legacy_id, DROP COLUMN size")


def downgrade() -> None:
    op.execute("ALTER TABLE users ADD COLUMN legacy_id integer, ADD COLUMN size integer")
