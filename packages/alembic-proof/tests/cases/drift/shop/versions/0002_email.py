"""An email with its index."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE users ADD COLUMN email text")
    op.execute("CREATE INDEX ix_users_email ON users (email)")


def downgrade() -> None:
    op.execute("ALTER TABLE users DROP COLUMN email")
