"""Views, a materialized view, a policy, a trigger and foreign keys over what changes."""

import sqlalchemy as sa

metadata = sa.MetaData()

notes = sa.Table(
    "notes",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text),
    sa.Column("stars", sa.BigInteger),
    sa.Column("low", sa.Text, sa.Computed("lower(btrim(name))", persisted=True)),
    sa.UniqueConstraint("id", name="notes_id_key"),
    sa.Index("ix_notes_low", "low"),
)
parts = sa.Table(
    "parts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("note_id", sa.Integer, sa.ForeignKey("notes.id", name="fk_parts_note")),
)

STATEMENTS = (
    "CREATE VIEW names AS SELECT id, name FROM notes",
    "CREATE VIEW starred AS SELECT id, stars FROM notes WHERE stars > 0",
    "COMMENT ON VIEW starred IS 'the best ones'",
    "CREATE VIEW most_starred AS SELECT max(stars) AS most FROM starred",
    "GRANT SELECT ON most_starred TO PUBLIC",
    "CREATE MATERIALIZED VIEW lows AS SELECT id, low FROM notes WHERE low IS NOT NULL",
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

for statement in STATEMENTS:
    sa.event.listen(metadata, "after_create", sa.DDL(statement))
