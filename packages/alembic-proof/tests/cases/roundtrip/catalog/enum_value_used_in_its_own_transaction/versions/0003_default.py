"""The value is used by the next revision."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE jobs ALTER state SET DEFAULT 'late'")


def downgrade() -> None:
    op.execute("ALTER TABLE jobs ALTER state DROP DEFAULT")
