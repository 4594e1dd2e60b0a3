"""The order of a table's columns is no difference, that of a composite type is one."""

import sqlalchemy as sa

metadata = sa.MetaData()
users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text),
    sa.Column("email", sa.Text),
)
sa.event.listen(metadata, "before_create", sa.DDL("CREATE TYPE public.pair AS (a text, b text)"))
