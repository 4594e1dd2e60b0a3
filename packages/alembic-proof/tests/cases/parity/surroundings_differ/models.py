"""A table in a schema and with a type that MetaData cannot make."""

import sqlalchemy as sa
from sqlalchemy.types import UserDefinedType


class Citext(UserDefinedType):
    """A type that no SQLAlchemy before 2 has."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "citext"


metadata = sa.MetaData(schema="other: 100%")

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", Citext, nullable=False),
)
