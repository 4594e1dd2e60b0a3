"""They make their schema, and leave the extension of their index to the history."""

import sqlalchemy as sa

metadata = sa.MetaData(schema="app")
sa.event.listen(metadata, "before_create", sa.DDL("CREATE SCHEMA app"))

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text),
    sa.Index("users_name", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
)
