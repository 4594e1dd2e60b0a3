"""Changes of a table with rows that need several transactions, and a value of an enum that is used."""

import sqlalchemy as sa

metadata = sa.MetaData()

teams = sa.Table("teams", metadata, sa.Column("id", sa.Integer, primary_key=True))
users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("nickname", sa.Text, nullable=False),
    sa.Column("age", sa.Integer),
    sa.Column("team_id", sa.ForeignKey("teams.id", name="fk_users_team"), index=True),
    sa.Column(
        "state",
        sa.Enum("open", "late", "done", name="state"),
        server_default="late",
    ),
    sa.CheckConstraint("age > 0", name="ck_users_age"),
    sa.UniqueConstraint("email", name="uq_users_email"),
)
