"""Names of their own, made of addresses."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("ALTER TABLE users ADD slug text")
    op.execute("UPDATE users SET slug = lower(email)")
    op.execute("ALTER TABLE users ADD UNIQUE (slug)")


def downgrade() -> None:
    op.execute("ALTER TABLE users DROP slug")
