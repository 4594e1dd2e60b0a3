"""Notes."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION pg_trgm SCHEMA public")
    op.execute("CREATE FUNCTION new_code() RETURNS text LANGUAGE sql AS $$SELECT 'x'::text$$")
    op.execute(
        "CREATE TABLE notes (id serial PRIMARY KEY, code text NOT NULL DEFAULT new_code(), name text)"
    )
    op.execute(
        "CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN new; END$$"
    )
    op.execute(
        "CREATE TRIGGER notes_stamp BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION stamp()"
    )
    op.execute("CREATE VIEW notes_by_event AS SELECT id FROM notes")
    op.execute("CREATE VIEW codes AS SELECT code, id FROM notes")
    op.execute("CREATE VIEW codes_of_notes AS SELECT code FROM codes")


def downgrade() -> None:
    op.execute("DROP VIEW codes_of_notes, codes, notes_by_event")
    op.execute("DROP TABLE notes")
    op.execute("DROP FUNCTION stamp(), new_code()")
    op.execute("DROP EXTENSION pg_trgm")
