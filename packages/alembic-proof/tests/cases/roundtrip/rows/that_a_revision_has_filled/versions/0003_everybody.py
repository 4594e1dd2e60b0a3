"""Everybody is a user."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE users ADD role integer")
    op.execute("UPDATE users SET role = (SELECT id FROM roles WHERE code = 'USER')")
    op.execute("ALTER TABLE users ALTER role SET NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE users DROP role")
