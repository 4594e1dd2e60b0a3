"""What a book costs."""

import sqlalchemy as sa
from alembic import op

revision = "7b2f3e4d5c61"
down_revision = "6a1e2d3c4b50"


def upgrade() -> None:
    op.add_column("books", sa.Column("price", sa.Numeric(8, 2)))


def downgrade() -> None:
    op.drop_column("books", "price")
