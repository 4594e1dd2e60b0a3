"""One table with a column of such a type more than the history."""

import shop_types  # type: ignore[import-not-found]
import sqlalchemy as sa

metadata = sa.MetaData()

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("balance", shop_types.Money),
)
