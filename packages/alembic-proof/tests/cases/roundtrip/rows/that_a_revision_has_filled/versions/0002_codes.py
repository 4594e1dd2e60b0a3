"""Codes for them."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE roles ADD code text")
    op.execute("UPDATE roles SET code = upper(name)")


def downgrade() -> None:
    op.execute("ALTER TABLE roles DROP code")
