"""Two sets of models."""

import sqlalchemy as sa

users = sa.MetaData()
sa.Table("users", users, sa.Column("id", sa.Integer, primary_key=True))

things = sa.MetaData()
sa.Table("things", things, sa.Column("id", sa.Integer, primary_key=True))

metadata = [users, things]
