"""And by the one behind it, which is sound once the value is committed."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("CREATE INDEX late_jobs ON jobs (id) WHERE state = 'late'")


def downgrade() -> None:
    op.execute("DROP INDEX late_jobs")
