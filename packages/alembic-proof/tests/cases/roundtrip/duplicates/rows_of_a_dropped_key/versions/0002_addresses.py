"""Addresses may come twice."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE users DROP CONSTRAINT users_email_key")


def downgrade() -> None:
    op.execute("ALTER TABLE users ADD UNIQUE (email)")
