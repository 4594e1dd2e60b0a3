"""Many digits for a while."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE prices ALTER price TYPE numeric(60, 25)")


def downgrade() -> None:
    op.execute("ALTER TABLE prices ALTER price TYPE numeric")
