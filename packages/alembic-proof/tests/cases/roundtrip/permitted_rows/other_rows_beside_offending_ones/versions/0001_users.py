"""Users with a title, a nickname and an age."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("title", sa.Text),
        sa.Column("nick", sa.Text),
        sa.Column("age", sa.Integer),
    )


def downgrade() -> None:
    op.drop_table("users")
