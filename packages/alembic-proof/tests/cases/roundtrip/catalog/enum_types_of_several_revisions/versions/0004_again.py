"""The first one's type once more: only a run that made it passes."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "d",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("k", sa.Enum("p", "q", name="k0")),
    )


def downgrade() -> None:
    op.drop_table("d")
