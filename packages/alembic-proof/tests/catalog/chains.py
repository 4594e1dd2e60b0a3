"""Steps that need an order."""

from __future__ import annotations

from .cases.sample_schema import WRITER

CHAINS = (
    (
        ("CREATE UNIQUE INDEX r1 ON one.a (id)", "CREATE UNIQUE INDEX r2 ON one.a (id)"),
        ("ALTER TABLE one.a REPLICA IDENTITY USING INDEX r1",),
        ("ALTER TABLE one.a REPLICA IDENTITY USING INDEX r2",),
        ("ALTER INDEX one.r2 RENAME TO r3",),
        ("DROP INDEX one.r3",),
    ),
    (
        ("COMMENT ON CONSTRAINT a_id_not_null ON one.a IS 'a key'",),
        ("COMMENT ON CONSTRAINT a_id_not_null ON one.a IS NULL",),
        ("ALTER DOMAIN one.share SET NOT NULL",),
        ("COMMENT ON CONSTRAINT share_not_null ON DOMAIN one.share IS 'a part'",),
        ("COMMENT ON CONSTRAINT share_not_null ON DOMAIN one.share IS NULL",),
    ),
    (
        ("CREATE STATISTICS one.st (dependencies) ON id, x FROM one.a",),
        ("COMMENT ON STATISTICS one.st IS 'both'", "COMMENT ON PUBLICATION gazette IS 'news'"),
        ("ALTER TABLE one.a RENAME COLUMN x TO y",),
        ("COMMENT ON STATISTICS one.st IS NULL", "COMMENT ON PUBLICATION gazette IS NULL"),
        ("DROP STATISTICS one.st",),
    ),
    (
        ("CREATE DOMAIN two.list AS integer[] DEFAULT '{}'",),
        ("ALTER DOMAIN two.list SET DEFAULT '{1}'", "ALTER TABLE one.b ADD COLUMN l two.list"),
        ("ALTER DOMAIN two.list ADD CONSTRAINT short CHECK (cardinality(VALUE) < 9)",),
        ("ALTER DOMAIN two.list RENAME TO list2",),
        ("ALTER DOMAIN two.list2 DROP CONSTRAINT short", "ALTER TABLE one.b DROP COLUMN l"),
        ("DROP DOMAIN two.list2",),
    ),
    (
        ("CREATE TYPE two.pair AS (x integer, y one.mood)",),
        ("ALTER TYPE two.pair RENAME ATTRIBUTE x TO z", "COMMENT ON COLUMN two.pair.z IS 'first'"),
        ("COMMENT ON COLUMN two.pair.z IS NULL", "ALTER TYPE two.pair DROP ATTRIBUTE y"),
        ("DROP TYPE two.pair",),
    ),
    (
        ("CREATE VIEW one.u AS SELECT * FROM one.a JOIN one.b USING (id)",),
        ("ALTER TABLE one.a ADD COLUMN a_id integer", "ALTER TABLE one.b ADD COLUMN x text"),
        ("ALTER TABLE one.a DROP COLUMN a_id",),
        ("ALTER TABLE one.b RENAME COLUMN x TO mood",),
        ("CREATE OR REPLACE VIEW two.w AS SELECT id, mood, 1 AS more FROM one.v",),
        ("CREATE VIEW two.z AS SELECT w.* FROM two.w NATURAL JOIN one.u",),
        ("CREATE OR REPLACE VIEW two.w AS SELECT id, mood, 2 AS more, 3 AS doubled FROM one.v",),
        ("ALTER VIEW one.u RENAME COLUMN doubled TO twice",),
    ),
    (
        ("CREATE TYPE two.pair AS (x integer, y one.mood)",),
        (
            "CREATE TABLE two.t OF two.pair",
            "CREATE VIEW two.v AS SELECT (p).x FROM (SELECT ROW(1, 'sad')::two.pair AS p) AS o",
            (
                "CREATE FUNCTION two.g(p two.pair, m one.mood) RETURNS SETOF integer"
                " LANGUAGE sql BEGIN ATOMIC SELECT (p).x + a.n FROM one.a; END"
            ),
            "CREATE VIEW two.called AS SELECT * FROM two.g(ROW(1, 'sad'), m => 'happy')",
        ),
        ("ALTER TYPE two.pair RENAME ATTRIBUTE x TO z CASCADE",),
        ("ALTER TYPE two.pair ADD ATTRIBUTE w text CASCADE",),
        ("ALTER TABLE one.a RENAME COLUMN n TO number",),
        ("ALTER TYPE one.mood RENAME TO humour",),
        ("ALTER TYPE two.pair RENAME TO couple",),
        ("ALTER FUNCTION two.g SET SCHEMA one",),
    ),
    (
        (
            "CREATE SEQUENCE two.q",
            "ALTER TABLE one.a ADD COLUMN k bigint DEFAULT nextval('two.q')",
            "ALTER TABLE one.a ADD COLUMN j integer GENERATED ALWAYS AS IDENTITY",
            "CREATE INDEX by_x ON one.a (x, lower(x)) WHERE x > 'a'",
        ),
        ("ALTER SEQUENCE two.q RENAME TO r",),
        ("ALTER SEQUENCE two.r SET SCHEMA one",),
        ("ALTER SEQUENCE one.r OWNED BY one.a.k",),
        ('ALTER TABLE one.a ALTER x TYPE text COLLATE "C"',),
        (f"ALTER TABLE one.a OWNER TO {WRITER}",),
        ("ALTER SEQUENCE one.a_j_seq RENAME TO js", "GRANT USAGE ON SEQUENCE one.js TO PUBLIC"),
        ("ALTER TABLE one.a RENAME COLUMN j TO i", "ALTER TABLE one.a ALTER k TYPE integer"),
        ("ALTER SEQUENCE one.r OWNED BY NONE",),
    ),
    (
        ("CREATE TYPE two.floats AS RANGE (subtype = float8, multirange_type_name = two.many)",),
        (
            (
                "CREATE FUNCTION two.h(two.many, two.floats, two.many[]) RETURNS integer"
                " LANGUAGE sql AS 'SELECT 1'"
            ),
        ),
        ("ALTER TYPE two.many RENAME TO lots",),
        ("COMMENT ON FUNCTION two.h IS 'h'", "CREATE TYPE two._lots AS ENUM ()"),
        ("ALTER TYPE two.floats SET SCHEMA one",),
        ("CREATE TABLE one.heir (more text) INHERITS (one.a)",),
        ("ALTER TABLE one.a RENAME COLUMN x TO y", "ALTER TABLE one.heir RENAME TO child"),
        ("ALTER TABLE one.p RENAME TO parts", "ALTER INDEX one.p_pkey RENAME TO key"),
        ("ALTER TABLE one.parts RENAME COLUMN at TO day",),
        ("ALTER TABLE one.parts DETACH PARTITION one.p1",),
    ),
    (
        (
            "CREATE TYPE two.pair AS (x integer, y text)",
            "CREATE FUNCTION two.pairs() RETURNS SETOF two.pair LANGUAGE sql AS $$SELECT 1, 'a'$$",
            'CREATE VIEW two."all" AS SELECT * FROM two.pairs() AS p',
            'CREATE VIEW two."outer" AS SELECT y FROM two."all"',
        ),
        ("ALTER TYPE two.pair RENAME ATTRIBUTE y TO z",),
        ("ALTER TYPE two.pair ADD ATTRIBUTE w integer",),
        (
            "DROP VIEW one.v CASCADE",
            "CREATE VIEW one.v AS SELECT id AS key FROM one.a",
            "ALTER TABLE one.a ADD COLUMN w integer",
            "ALTER TABLE one.a DROP COLUMN w",
        ),
        ("SAVEPOINT s", "ALTER TABLE one.a RENAME TO gone", "ROLLBACK TO SAVEPOINT s"),
        ("ALTER FUNCTION two.pairs() RENAME TO couples", 'ALTER VIEW two."all" RENAME TO every'),
    ),
    (
        (
            "CREATE TABLE two.k (id integer NOT NULL)",
            "CREATE UNIQUE INDEX uq ON one.a (n)",
            "CREATE UNIQUE INDEX pk ON two.k (id)",
        ),
        ("ALTER TABLE one.a ADD CONSTRAINT uq UNIQUE USING INDEX uq",),
        ("ALTER TABLE two.k ADD CONSTRAINT pk PRIMARY KEY USING INDEX pk",),
        ("ALTER TABLE one.a DROP CONSTRAINT uq",),
    ),
    (
        ("CREATE UNIQUE INDEX r1 ON one.a (id)",),
        ("ALTER TABLE one.a REPLICA IDENTITY USING INDEX r1",),
        ("DROP INDEX one.r1",),
        ("CREATE UNIQUE INDEX r2 ON one.a (id)",),
        ("ALTER TABLE one.a REPLICA IDENTITY USING INDEX r2",),
    ),
    (
        (
            "CREATE FUNCTION two.f(integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT $1'",
            (
                "ALTER TABLE one.a ADD CONSTRAINT ex EXCLUDE USING btree (two.f(n) WITH =)"
                " WHERE (mood = 'sad')"
            ),
        ),
        ("ALTER FUNCTION two.f RENAME TO g",),
        ("ALTER TYPE one.mood RENAME VALUE 'sad' TO 'blue'",),
    ),
    (
        (
            "CREATE TYPE two.pair AS (x integer, m one.mood)",
            "ALTER TABLE one.b ADD COLUMN p two.pair DEFAULT '(1,sad)'::two.pair",
            "CREATE VIEW two.v AS SELECT '(1,sad)'::two.pair AS p",
            "CREATE FUNCTION two.pairs() RETURNS SETOF two.pair LANGUAGE sql AS $$SELECT 1, NULL::one.mood$$",
            "CREATE VIEW two.n AS SELECT count(*) FROM two.pairs() AS p",
        ),
        ("ALTER TYPE one.mood RENAME VALUE 'sad' TO 'blue'",),
        ("ALTER TABLE one.b DROP COLUMN p", "DROP VIEW two.v"),
        ("ALTER TYPE two.pair DROP ATTRIBUTE x",),
    ),
    (
        (
            "CREATE TYPE two.fr AS RANGE (subtype = float8)",
            "CREATE VIEW two.r AS SELECT two.fr(n, n) AS r FROM one.a",
        ),
        ("ALTER FUNCTION two.fr(float8, float8) RENAME TO mk",),
    ),
    (
        ("ALTER TABLE one.a ADD COLUMN day date",),
        ("CREATE TEMP TABLE date (x integer)", "COMMENT ON TABLE one.a IS 'told again'"),
        ("DROP TABLE pg_temp.date",),
    ),
    (
        ("SET LOCAL track_counts = off", "CREATE VIEW two.uncounted AS SELECT id FROM one.a"),
        ("SET LOCAL track_counts = off", "DROP VIEW two.uncounted"),
    ),
    (
        (
            "CREATE TABLE two.p1 ()",
            "CREATE TABLE two.p2 (b integer CONSTRAINT ck CHECK (b > 0))",
            "CREATE TABLE two.child () INHERITS (two.p1, two.p2)",
        ),
        ("ALTER TABLE two.child NO INHERIT two.p1",),
        ("ALTER TABLE two.child INHERIT two.p1",),
    ),
    (
        (
            "CREATE TABLE two.bare (id integer)",
            "CREATE TABLE two.shown (id integer, a integer)",
            "CREATE FUNCTION two.every() RETURNS SETOF two.shown LANGUAGE sql AS 'SELECT 1, 2'",
            "CREATE VIEW two.by_function AS SELECT count(*) FROM two.every() AS e",
            "CREATE TABLE two.joined (id integer, b integer)",
            "CREATE VIEW two.by_view AS SELECT * FROM two.joined AS j JOIN one.b USING (id)",
            "CREATE TABLE two.kept (id integer)",
            (
                "CREATE POLICY p ON two.bare USING (EXISTS ("
                "SELECT FROM two.kept JOIN one.b USING (id)))"
            ),
            "CREATE TABLE two.called (id integer)",
            (
                "CREATE FUNCTION two.body() RETURNS bigint LANGUAGE sql"
                " BEGIN ATOMIC SELECT count(*) FROM two.called JOIN one.b USING (id); END"
            ),
        ),
        ("ALTER TABLE two.bare ADD COLUMN c integer",),
        ("ALTER TABLE two.bare DROP COLUMN c",),
        ("ALTER TABLE two.shown ADD COLUMN c integer",),
        ("ALTER TABLE two.shown DROP COLUMN a",),
        ("ALTER TABLE two.joined ADD COLUMN a_id integer",),
        ("ALTER TABLE two.kept ADD COLUMN a_id integer",),
        ("ALTER TABLE two.called ADD COLUMN a_id integer",),
        ("ALTER TABLE two.joined DROP COLUMN a_id", "ALTER TABLE two.kept DROP COLUMN a_id"),
        ("ALTER TABLE two.called DROP COLUMN a_id", "ALTER TABLE one.b ADD COLUMN more integer"),
        ("ALTER TABLE two.bare ADD COLUMN d integer", "ALTER TABLE two.shown RENAME COLUMN c TO d"),
    ),
    (
        ("COMMENT ON EXTENSION plpgsql IS NULL", "COMMENT ON SCHEMA public IS 'x'"),
        ("COMMENT ON SCHEMA public IS NULL", "COMMENT ON EXTENSION plpgsql IS 'x'"),
    ),
)
"""What has to come in this order; each member is committed as a whole."""
