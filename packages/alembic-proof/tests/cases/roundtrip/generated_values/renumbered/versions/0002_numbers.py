"""A downgrade that gives users other ids: what refers to them is no finding."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE users ADD COLUMN age integer")


def downgrade() -> None:
    op.execute("ALTER TABLE users DROP COLUMN age")
    op.execute("UPDATE users SET id = id + 1000")
