"""A step that fails on rows: env.py runs again, in an event loop of its own."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.alter_column("notes", "v", nullable=False)


def downgrade() -> None:
    op.alter_column("notes", "v", nullable=True)
