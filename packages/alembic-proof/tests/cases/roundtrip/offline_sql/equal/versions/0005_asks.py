"""Asks."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

# alembic-proof: ignore[breaks-offline-sql] some databases have the table already


def upgrade() -> None:
    if "tags" not in sa.inspect(op.get_bind()).get_table_names():
        op.create_table("tags", sa.Column("id", sa.Integer(), primary_key=True))


def downgrade() -> None:
    op.drop_table("tags")
