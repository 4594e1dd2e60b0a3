"""A column that is older: that it was empty is lost."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("UPDATE users SET name = '' WHERE name IS NULL")


def downgrade() -> None:
    pass
