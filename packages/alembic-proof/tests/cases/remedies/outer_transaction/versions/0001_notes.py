"""Notes, with an index that needs an autocommit block."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True))
    with op.get_context().autocommit_block():
        op.create_index("ix_notes", "notes", ["id"], postgresql_concurrently=True)


def downgrade() -> None:
    op.drop_table("notes")
