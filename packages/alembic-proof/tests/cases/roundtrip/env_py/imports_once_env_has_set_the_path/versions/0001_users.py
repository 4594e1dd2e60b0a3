"""Users."""

import sqlalchemy as sa
from alembic import op
from limits import LONGEST_NAME  # type: ignore[import-not-found]

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(LONGEST_NAME), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("users")
