"""Two tables; no view, trigger, function, policy, schema or extension is declared."""

import sqlalchemy as sa

metadata = sa.MetaData()

notes = sa.Table(
    "notes",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("stars", sa.BigInteger),
    sa.Column("more", sa.Text),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Date, primary_key=True),
    sa.Column("note", sa.Text),
    postgresql_partition_by="RANGE (at)",
)
