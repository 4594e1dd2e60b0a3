"""One table with a new column between those of the history."""

import sqlalchemy as sa

metadata = sa.MetaData()

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("nickname", sa.Text),
    sa.Column("name", sa.Text, nullable=False),
)
