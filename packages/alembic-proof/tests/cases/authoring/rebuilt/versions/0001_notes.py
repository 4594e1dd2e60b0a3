"""Notes and what depends on their columns."""

from alembic import op

revision = "0001"
down_revision = None

STATEMENTS = (
    """
    CREATE TABLE notes (
        id serial,
        part integer NOT NULL,
        name text,
        old text,
        stars integer,
        low text GENERATED ALWAYS AS (lower(name)) STORED,
        PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX ix_notes_low ON notes (low)",
    """
    CREATE TABLE parts (
        id serial PRIMARY KEY,
        note_id integer CONSTRAINT fk_parts_note REFERENCES notes (id)
    )
    """,
    "CREATE VIEW names AS SELECT id, name, old FROM notes",
    "CREATE VIEW starred AS SELECT id, stars FROM notes WHERE stars > 0",
    "COMMENT ON VIEW starred IS 'the best ones'",
    "CREATE VIEW most_starred AS SELECT max(stars) AS most FROM starred",
    "GRANT SELECT ON most_starred TO PUBLIC",
    "CREATE MATERIALIZED VIEW lows AS SELECT id, low FROM notes",
    "CREATE UNIQUE INDEX lows_id ON lows (id)",
    "ALTER TABLE notes ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY with_stars ON notes USING (stars > 0)",
    """
    CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER stamp BEFORE UPDATE OF stars ON notes
    FOR EACH ROW EXECUTE FUNCTION stamp()
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP MATERIALIZED VIEW lows")
    op.execute("DROP VIEW most_starred, starred, names")
    op.execute("DROP TABLE parts, notes")
    op.execute("DROP FUNCTION stamp()")
