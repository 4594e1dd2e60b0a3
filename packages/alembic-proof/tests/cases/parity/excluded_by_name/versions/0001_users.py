"""The table with more than the models know, a second one, and a schema of somebody else's."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("legacy_name", sa.Text),
        sa.UniqueConstraint("name", name="legacy_uq"),
    )
    op.create_index("legacy_ix", "users", ["name"])
    op.execute('CREATE TABLE "legacy ""odd"".table" (id integer PRIMARY KEY)')
    op.execute("CREATE SCHEMA other")
    op.execute("CREATE TABLE other.things (id serial PRIMARY KEY)")
    op.execute("CREATE TYPE other.mood AS ENUM ('glad')")
    op.execute("CREATE FUNCTION other.one() RETURNS integer LANGUAGE sql AS 'SELECT 1'")
    op.execute("CREATE VIEW other.all_things AS SELECT id FROM other.things")


def downgrade() -> None:
    op.execute("DROP SCHEMA other CASCADE")
    op.execute('DROP TABLE "legacy ""odd"".table"')
    op.drop_table("users")
