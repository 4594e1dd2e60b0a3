"""A third one, whose downgrade leaves the type behind."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "c",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("k", sa.Enum("p", "q", name="k2")),
    )


def downgrade() -> None:
    op.drop_table("c")
