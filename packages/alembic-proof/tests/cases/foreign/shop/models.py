"""A shop that has never heard of alembic-proof."""

import sqlalchemy as sa

metadata = sa.MetaData()
sa.Table(
    "books",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("price", sa.Numeric(8, 2)),
)
