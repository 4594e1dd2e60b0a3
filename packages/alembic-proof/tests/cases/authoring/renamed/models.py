"""A renamed column, which may also be another new one, and one that rows need a value for."""

import sqlalchemy as sa

metadata = sa.MetaData()

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("nickname", sa.Text),
    sa.Column("handle", sa.Text, nullable=False),
)
