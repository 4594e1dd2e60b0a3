"""The same for pages, by an index."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("CREATE UNIQUE INDEX uq_top ON pages (name) WHERE above IS NULL")


def downgrade() -> None:
    op.execute("DROP INDEX uq_top")
