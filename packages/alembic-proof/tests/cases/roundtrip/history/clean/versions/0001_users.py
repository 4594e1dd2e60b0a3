"""Users."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, server_default="nobody"),
        sa.CheckConstraint("name <> ''", name="ck_users_name"),
    )


def downgrade() -> None:
    op.drop_table("users")
