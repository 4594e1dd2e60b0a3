"""Another."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("ALTER TABLE users ADD more text")


def downgrade() -> None:
    op.execute("ALTER TABLE users DROP more")
