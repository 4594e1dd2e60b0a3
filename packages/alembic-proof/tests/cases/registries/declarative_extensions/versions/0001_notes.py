"""Notes."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE SCHEMA shop")
    op.execute("CREATE TABLE notes (id serial PRIMARY KEY, name text)")
    op.execute("CREATE VIEW shop.ids AS SELECT id FROM notes")
    op.execute("CREATE VIEW names AS SELECT name, id FROM notes")
    op.execute(
        "CREATE FUNCTION how_many() RETURNS bigint LANGUAGE sql AS $$SELECT count(*) FROM names$$"
    )
    op.execute("CREATE VIEW counted AS SELECT how_many() AS n")
    op.execute(
        "CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN new; END$$"
    )
    op.execute(
        "CREATE TRIGGER notes_stamp BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION stamp()"
    )
    op.execute("GRANT SELECT ON notes, names TO case_reader")


def downgrade() -> None:
    op.execute("DROP VIEW counted")
    op.execute("DROP FUNCTION how_many()")
    op.execute("DROP VIEW names, shop.ids")
    op.execute("DROP TABLE notes")
    op.execute("DROP FUNCTION stamp()")
    op.execute("DROP SCHEMA shop")
