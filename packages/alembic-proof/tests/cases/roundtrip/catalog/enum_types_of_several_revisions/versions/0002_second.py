"""A second one with a type of its own, which its downgrade drops."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "b",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("k", sa.Enum("p", "q", name="k1")),
    )


def downgrade() -> None:
    op.drop_table("b")
    op.execute("DROP TYPE k1")
