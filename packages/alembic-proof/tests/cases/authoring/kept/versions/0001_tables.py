"""Tables, and around them what no metadata declares."""

from alembic import op

revision = "0001"
down_revision = None

STATEMENTS = (
    "CREATE EXTENSION citext",
    "CREATE SCHEMA jobs",
    "CREATE TABLE jobs.queue (id integer PRIMARY KEY)",
    "CREATE TABLE notes (id serial PRIMARY KEY, stars integer)",
    "CREATE TABLE notes_of_tests (why text) INHERITS (notes)",
    "CREATE VIEW starred AS SELECT id, stars FROM notes WHERE stars > 0",
    "COMMENT ON VIEW starred IS 'the best ones'",
    "GRANT SELECT ON notes TO PUBLIC",
    "ALTER TABLE notes ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY everything ON notes USING (true)",
    """
    CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RETURN NEW; END $$
    """,
    "CREATE TRIGGER stamp BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION stamp()",
    "CREATE TABLE events (id integer, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
    """
    CREATE TABLE events_2025 PARTITION OF events
    FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')
    """,
    "CREATE TABLE legacy (id integer PRIMARY KEY, note_id integer REFERENCES notes)",
    "CREATE INDEX legacy_note ON legacy (note_id)",
    "CREATE TRIGGER stamp BEFORE UPDATE ON legacy FOR EACH ROW EXECUTE FUNCTION stamp()",
    "CREATE VIEW legacy_ids AS SELECT id FROM legacy",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP VIEW legacy_ids, starred")
    op.execute("DROP TABLE legacy, events, notes_of_tests, notes, jobs.queue")
    op.execute("DROP FUNCTION stamp()")
    op.execute("DROP SCHEMA jobs")
    op.execute("DROP EXTENSION citext")
