"""Users, each of an own address and of a team."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE teams (id integer PRIMARY KEY)")
    op.execute(
        "CREATE TABLE users (id integer PRIMARY KEY, email text NOT NULL UNIQUE, team"
        " integer CONSTRAINT of_team REFERENCES teams)"
    )


def downgrade() -> None:
    op.execute("DROP TABLE users")
    op.execute("DROP TABLE teams")
