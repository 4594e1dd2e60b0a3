"""Single steps that a history may take in any order; one that does not fit is refused and skipped."""

from __future__ import annotations

from .battery.zoo import READER, WRITER

FRESH = (
    "DROP EVENT TRIGGER IF EXISTS seer",
    "DROP PUBLICATION IF EXISTS gazette, herald",
    "DROP SCHEMA IF EXISTS one, two, three CASCADE",
    "DROP EXTENSION IF EXISTS hstore CASCADE",
    f"DROP OWNED BY {READER}, {WRITER} CASCADE",
    "CREATE SCHEMA one",
    "CREATE SCHEMA two",
    "CREATE TYPE one.mood AS ENUM ('sad', 'happy')",
    "CREATE DOMAIN one.share AS integer CONSTRAINT positive CHECK (VALUE > 0)",
    "CREATE TABLE one.a (id integer PRIMARY KEY, mood one.mood DEFAULT 'sad', n one.share, x text)",
    (
        "CREATE TABLE one.b (id serial, a_id integer REFERENCES one.a (id), doubled integer"
        " GENERATED ALWAYS AS (a_id * 2) STORED, CONSTRAINT ck CHECK (a_id > 0))"
    ),
    "CREATE TABLE one.p (id integer, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
    "CREATE TABLE one.p1 PARTITION OF one.p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
    "CREATE VIEW one.v AS SELECT a.id, b.a_id, a.mood FROM one.a JOIN one.b ON b.a_id = a.id",
    "CREATE VIEW two.w AS SELECT id, mood FROM one.v",
    "CREATE FUNCTION one.f(one.a) RETURNS one.mood LANGUAGE sql AS $$ SELECT $1.mood $$",
    "CREATE FUNCTION one.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
    "CREATE TRIGGER touch BEFORE UPDATE ON one.a FOR EACH ROW EXECUTE FUNCTION one.touch()",
    "CREATE POLICY mine ON one.a USING (mood = 'sad')",
    "CREATE FUNCTION two.see() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$",
    (
        "CREATE EVENT TRIGGER seer ON ddl_command_end WHEN TAG IN ('CREATE CAST')"
        " EXECUTE FUNCTION two.see()"
    ),
    "CREATE PUBLICATION gazette FOR TABLE one.a",
)
"""What every sequence of steps starts from."""

STEPS = (
    "ALTER TABLE one.a RENAME TO c",
    "ALTER TABLE one.c RENAME TO a",
    "ALTER TABLE one.a RENAME COLUMN id TO key",
    "ALTER TABLE one.a RENAME COLUMN key TO id",
    "ALTER TABLE one.a RENAME COLUMN mood TO feeling",
    "ALTER TABLE one.b RENAME COLUMN a_id TO other_id",
    "ALTER TABLE one.a SET SCHEMA two",
    "ALTER TABLE two.a SET SCHEMA one",
    "ALTER TABLE one.b SET SCHEMA two",
    "ALTER SCHEMA two RENAME TO three",
    "ALTER SCHEMA three RENAME TO two",
    "ALTER TYPE one.mood RENAME TO humour",
    "ALTER TYPE one.humour RENAME TO mood",
    "ALTER TYPE one.mood RENAME VALUE 'sad' TO 'blue'",
    "ALTER TYPE one.mood ADD VALUE IF NOT EXISTS 'calm' BEFORE 'happy'",
    "ALTER TYPE one.mood SET SCHEMA two",
    "ALTER DOMAIN one.share RENAME CONSTRAINT positive TO above_zero",
    "ALTER DOMAIN one.share ADD CONSTRAINT small CHECK (VALUE < 100)",
    "ALTER DOMAIN one.share DROP CONSTRAINT positive",
    "ALTER FUNCTION one.touch() RENAME TO touched",
    "ALTER FUNCTION one.touch() SET SCHEMA two",
    "ALTER FUNCTION two.see() RENAME TO watch",
    "ALTER TRIGGER touch ON one.a RENAME TO stamp",
    "ALTER TABLE one.a DISABLE TRIGGER ALL",
    "ALTER TABLE one.b DISABLE TRIGGER ALL",
    "ALTER POLICY mine ON one.a RENAME TO yours",
    "ALTER INDEX one.a_pkey RENAME TO a_key",
    "ALTER TABLE one.a REPLICA IDENTITY USING INDEX a_key",
    "ALTER TABLE one.b RENAME CONSTRAINT ck TO ck_b",
    "ALTER TABLE one.b DROP CONSTRAINT ck",
    "ALTER TABLE one.b ALTER COLUMN id DROP DEFAULT",
    "ALTER TABLE one.b ALTER COLUMN a_id SET NOT NULL",
    "ALTER TABLE one.a ALTER COLUMN x TYPE varchar(20)",
    "ALTER TABLE one.a ALTER COLUMN x SET STORAGE EXTERNAL",
    "ALTER TABLE one.a SET (toast.autovacuum_enabled = false)",
    "ALTER TABLE one.a ADD COLUMN more one.mood[]",
    "ALTER TABLE one.a DROP COLUMN x",
    "ALTER TABLE one.a DROP COLUMN mood CASCADE",
    "ALTER SEQUENCE one.b_id_seq RENAME TO numbers",
    "ALTER SEQUENCE one.b_id_seq OWNED BY NONE",
    "ALTER TABLE one.p DETACH PARTITION one.p1",
    "ALTER TABLE one.p ATTACH PARTITION one.p1 FOR VALUES FROM ('2023-01-01') TO ('2026-01-01')",
    "ALTER TABLE one.p RENAME TO parts",
    "CREATE INDEX ON one.p (at)",
    "CREATE UNIQUE INDEX extra ON one.b (a_id) WHERE a_id > 1",
    "CREATE TABLE two.heir () INHERITS (one.a)",
    "ALTER TABLE two.heir NO INHERIT one.a",
    "CREATE STATISTICS two.st (dependencies) ON id, x FROM one.a",
    "CREATE RULE quiet AS ON DELETE TO one.b DO INSTEAD NOTHING",
    "CREATE MATERIALIZED VIEW two.m AS SELECT count(*) FROM one.a",
    (
        "CREATE OR REPLACE VIEW one.v AS SELECT a.id, b.a_id, a.mood, 1 AS extra"
        " FROM one.a JOIN one.b ON b.a_id = a.id"
    ),
    "CREATE TYPE two.floats AS RANGE (subtype = float8, multirange_type_name = two.many)",
    "ALTER TYPE two.many RENAME TO several",
    "CREATE EXTENSION hstore SCHEMA two",
    "CREATE TABLE two.bag (h two.hstore DEFAULT '')",
    "ALTER EXTENSION hstore SET SCHEMA one",
    "ALTER EXTENSION hstore ADD TABLE two.bag",
    "DROP EXTENSION hstore CASCADE",
    "ALTER PUBLICATION gazette RENAME TO herald",
    "ALTER PUBLICATION gazette ADD TABLES IN SCHEMA one",
    "ALTER EVENT TRIGGER seer DISABLE",
    f"ALTER TABLE one.a OWNER TO {WRITER}",
    f"ALTER TYPE one.mood OWNER TO {WRITER}",
    f"REASSIGN OWNED BY {WRITER} TO CURRENT_USER",
    f"GRANT SELECT, INSERT ON one.a TO {READER} WITH GRANT OPTION",
    f"GRANT UPDATE (x) ON one.a TO {READER}",
    f"GRANT USAGE ON SCHEMA one TO {READER}",
    f"GRANT USAGE ON SCHEMA public TO {READER}",
    "REVOKE EXECUTE ON FUNCTION one.touch() FROM PUBLIC",
    "REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(float8) FROM PUBLIC",
    f"REVOKE ALL ON ALL TABLES IN SCHEMA one FROM {READER}",
    f"ALTER DEFAULT PRIVILEGES IN SCHEMA one GRANT SELECT ON TABLES TO {READER}",
    "COMMENT ON TABLE one.a IS 'first'",
    "COMMENT ON TABLE one.a IS NULL",
    "COMMENT ON COLUMN one.a.id IS 'the key'",
    "COMMENT ON COLUMN one.a.id IS NULL",
    "COMMENT ON CONSTRAINT ck ON one.b IS 'why'",
    "COMMENT ON CONSTRAINT ck ON one.b IS NULL",
    "COMMENT ON SCHEMA public IS NULL",
    "COMMENT ON SCHEMA public IS 'ours'",
    "COMMENT ON DATABASE {database} IS 'scratch'",
    "ALTER DATABASE {database} SET work_mem = '5MB'",
    "SET DateStyle = 'German'",
    "DEALLOCATE alembic_proof_0_3",
    "DISCARD TEMP",
    "DISCARD PLANS",
    "TRUNCATE one.a CASCADE",
    "ANALYZE one.a",
    "DROP VIEW one.v CASCADE",
    "DROP TABLE one.a CASCADE",
    "DROP TYPE one.mood CASCADE",
    "DROP FUNCTION one.touch() CASCADE",
    "DROP TABLE one.b CASCADE",
    "DROP SCHEMA two CASCADE",
)

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
