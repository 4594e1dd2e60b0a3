"""A table in a schema and with a type that MetaData cannot make."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

metadata = sa.MetaData(schema="other: 100%")

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", postgresql.CITEXT, nullable=False),
)
