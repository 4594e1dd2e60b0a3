"""Three tables; what says that it is excluded is only here, or otherwise than in the history."""

import sqlalchemy as sa

metadata = sa.MetaData()

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("shadow", sa.Text, info={"excluded": True}),
    sa.UniqueConstraint("name", info={"excluded": True}),
    sa.Index("ix_users_shadow", "name", info={"excluded": True}),
)

mirror = sa.Table(
    "mirror",
    metadata,
    sa.Column("id", sa.Integer, sa.ForeignKey("users.id"), primary_key=True),
    info={"excluded": True},
)

items = sa.Table(
    "items",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("user_id", sa.Integer, nullable=False),
    sa.ForeignKeyConstraint(["user_id"], ["users.id"], info={"excluded": True}),
)
