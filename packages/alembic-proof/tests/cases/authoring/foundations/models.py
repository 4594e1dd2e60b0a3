"""Columns of new types, and a default that calls a new function; tables that refer to one another."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

metadata = sa.MetaData()


class Pair(sa.types.UserDefinedType[Any]):
    """A composite type."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "pair"


for statement in (
    "CREATE EXTENSION IF NOT EXISTS citext",
    "CREATE TYPE pair AS (a integer, b text)",
    "CREATE DOMAIN share AS numeric(5, 2) CHECK (VALUE BETWEEN 0 AND 100)",
    "CREATE FUNCTION short_code() RETURNS text LANGUAGE sql AS $$ SELECT 'x:%%s' $$",
):
    sa.event.listen(metadata, "before_create", sa.DDL(statement))

state = postgresql.ENUM("open", "done", name="state")

notes = sa.Table(
    "notes",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("state", state),
    sa.Column("pair", Pair()),
    sa.Column("code", sa.Text, server_default=sa.text("short_code()")),
    sa.Column("mood", sa.Enum("sad", "happy", name="mood")),
)

tasks = sa.Table(
    "tasks",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("state", state, server_default="open", nullable=False),
)

items = sa.Table(
    "items",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("best_id", sa.Integer, sa.ForeignKey("shop.offers.id", name="fk_items_best")),
    schema="shop",
)
offers = sa.Table(
    "offers",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("item_id", sa.Integer, sa.ForeignKey("shop.items.id", name="fk_offers_item")),
    schema="shop",
)
