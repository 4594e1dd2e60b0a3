"""Tables that take no other row."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE people (id integer PRIMARY KEY, name text NOT NULL)")
    op.execute("CREATE TABLE managers (id integer PRIMARY KEY REFERENCES people, budget integer)")
    op.execute(
        "CREATE TABLE profiles (id integer PRIMARY KEY, person integer NOT NULL UNIQUE"
        " REFERENCES people)"
    )
    op.execute(
        "CREATE TABLE settings (id integer PRIMARY KEY DEFAULT 1 CHECK (id = 1), theme text)"
    )
    op.execute("CREATE TABLE levels (id integer PRIMARY KEY CHECK (id IN (1, 2)))")
    op.execute("INSERT INTO levels VALUES (1), (2)")


def downgrade() -> None:
    op.execute("DROP TABLE levels")
    op.execute("DROP TABLE settings")
    op.execute("DROP TABLE profiles")
    op.execute("DROP TABLE managers")
    op.execute("DROP TABLE people")
