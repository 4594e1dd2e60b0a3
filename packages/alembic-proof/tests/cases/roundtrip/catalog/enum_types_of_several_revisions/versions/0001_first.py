"""A column with an enum type."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "a",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("k", sa.Enum("p", "q", name="k0")),
    )


def downgrade() -> None:
    op.drop_table("a")
    op.execute("DROP TYPE k0")
