"""Books."""

import sqlalchemy as sa
from alembic import op

revision = "5f0d1c2b3a49"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "books",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
    )
    op.create_index("ix_books_title", "books", ["title"])


def downgrade() -> None:
    op.drop_table("books")
