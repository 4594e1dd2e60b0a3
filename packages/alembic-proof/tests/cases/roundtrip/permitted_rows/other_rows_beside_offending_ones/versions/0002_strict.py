"""Titles are needed, long nicknames are not, and ages go."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.alter_column("users", "title", nullable=False)
    op.execute("ALTER TABLE users ALTER COLUMN nick TYPE varchar(50)")
    op.drop_column("users", "age")


def downgrade() -> None:
    op.add_column("users", sa.Column("age", sa.Integer))
    op.execute("ALTER TABLE users ALTER COLUMN nick TYPE text")
    op.alter_column("users", "title", nullable=True)
