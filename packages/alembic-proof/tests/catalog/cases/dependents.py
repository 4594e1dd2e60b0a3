"""Changes of objects that others depend on, from one schema to another one."""

from __future__ import annotations

from dataclasses import dataclass

from .sample_schema import READER, WRITER


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilding:
    """Two schemas that differ in what other objects depend on."""

    name: str
    both: tuple[str, ...]
    """What both schemas begin with."""
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    """What both schemas end with: what depends on the difference."""
    rows: tuple[str, ...] = ()
    kept: str = ""
    """A query whose result with these rows is the same in both schemas."""


_TABLE = "CREATE TABLE t (id integer PRIMARY KEY, name text NOT NULL, n integer DEFAULT 1)"
_BIGINT = "ALTER TABLE t ALTER COLUMN n TYPE bigint"
_ROWS = ("INSERT INTO t (id, name, n) VALUES (1, 'a', 10), (2, 'b', 20)",)
_NUMBERS = "SELECT string_agg(n::text, ',' ORDER BY id) FROM t"
_MOOD = "CREATE TYPE mood AS ENUM ('sad', 'calm', 'happy')"
_FEELINGS = (
    "CREATE TABLE f (id integer PRIMARY KEY, mood mood NOT NULL DEFAULT 'happy', moods mood[])"
)
_FEELING_ROWS = ("INSERT INTO f VALUES (1, 'sad', '{sad,happy}'), (2, 'happy', NULL)",)
_MOODS = "SELECT string_agg(mood::text || coalesce(moods::text, '-'), ',' ORDER BY id) FROM f"

REBUILDINGS = (
    Rebuilding(
        name="views on views over a retyped column",
        both=(_TABLE,),
        after=(_BIGINT,),
        ends=(
            "CREATE VIEW v AS SELECT id, n FROM t",
            "CREATE VIEW w WITH (security_invoker = true) AS SELECT n FROM v WHERE n > 0",
            "COMMENT ON VIEW v IS 'one'",
            "COMMENT ON COLUMN w.n IS 'number'",
            f"GRANT SELECT ON v TO {READER}",
            f"GRANT SELECT (n) ON w TO {WRITER}",
            f"ALTER VIEW w OWNER TO {WRITER}",
            "CREATE RULE no_delete AS ON DELETE TO w DO INSTEAD NOTHING",
        ),
        rows=_ROWS,
        kept=_NUMBERS,
    ),
    Rebuilding(
        name="a function with other arguments below everything that calls it",
        both=(_TABLE,),
        before=("CREATE FUNCTION f(integer) RETURNS integer IMMUTABLE LANGUAGE sql RETURN $1",),
        after=("CREATE FUNCTION f(bigint) RETURNS bigint IMMUTABLE LANGUAGE sql RETURN $1",),
        ends=(
            "CREATE INDEX t_f ON t (f(n))",
            "ALTER TABLE t ADD CONSTRAINT ck_f CHECK (f(n) > 0)",
            "ALTER TABLE t ALTER COLUMN n SET DEFAULT f(1)",
            "CREATE MATERIALIZED VIEW m AS SELECT f(n) AS fn FROM t",
        ),
        rows=_ROWS,
        kept=_NUMBERS,
    ),
    Rebuilding(
        name="a materialized view with its indexes over a retyped column",
        both=(_TABLE,),
        after=(_BIGINT,),
        ends=(
            "CREATE MATERIALIZED VIEW m AS SELECT id, n FROM t",
            "CREATE UNIQUE INDEX m_id ON m (id)",
            "CREATE INDEX m_n ON m (n) WHERE n > 0",
            "ALTER MATERIALIZED VIEW m ALTER COLUMN n SET STATISTICS 50",
            "COMMENT ON INDEX m_n IS 'partial'",
            "CREATE VIEW over_m AS SELECT n FROM m",
        ),
        rows=_ROWS,
        kept=_NUMBERS,
    ),
    Rebuilding(
        name="the query of a materialized view under a view",
        both=(_TABLE,),
        before=("CREATE MATERIALIZED VIEW m AS SELECT id, n FROM t",),
        after=("CREATE MATERIALIZED VIEW m AS SELECT id, n FROM t WHERE n > 1",),
        ends=("CREATE UNIQUE INDEX m_id ON m (id)", "CREATE VIEW over_m AS SELECT n FROM m"),
    ),
    Rebuilding(
        name="policies, triggers, rules and statistics over a retyped column",
        both=(
            _TABLE,
            (
                "CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RETURN NEW; END $$"
            ),
        ),
        after=(_BIGINT,),
        ends=(
            "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE t FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY own ON t AS RESTRICTIVE FOR UPDATE TO {READER} USING (n > 0)",
            "COMMENT ON POLICY own ON t IS 'mine'",
            (
                "CREATE TRIGGER tr BEFORE UPDATE OF n ON t FOR EACH ROW WHEN (NEW.n > 0)"
                " EXECUTE FUNCTION stamp()"
            ),
            "ALTER TABLE t DISABLE TRIGGER tr",
            "CREATE RULE r AS ON DELETE TO t WHERE OLD.n > 5 DO INSTEAD NOTHING",
            "CREATE STATISTICS s ON n, name FROM t",
            "ALTER TABLE t ADD CONSTRAINT positive CHECK (n > 0)",
            "CREATE INDEX t_n ON t (n) INCLUDE (name) WHERE n > 1",
        ),
        rows=_ROWS,
        kept=_NUMBERS,
    ),
    Rebuilding(
        name="a generated column over a retyped column, with its index and view",
        both=("CREATE TABLE t (id integer PRIMARY KEY, name text, n integer)",),
        after=(_BIGINT,),
        ends=(
            "ALTER TABLE t ADD COLUMN twice numeric GENERATED ALWAYS AS (n * 2) STORED",
            "CREATE INDEX t_twice ON t (twice)",
            "COMMENT ON COLUMN t.twice IS 'computed'",
            f"GRANT SELECT (twice) ON t TO {READER}",
            "CREATE VIEW v AS SELECT twice FROM t",
        ),
        rows=_ROWS,
        kept="SELECT sum(twice)::text FROM t",
    ),
    Rebuilding(
        name="another expression of a generated column under an index and a view",
        both=("CREATE TABLE t (id integer PRIMARY KEY, name text, n integer)",),
        before=("ALTER TABLE t ADD COLUMN twice integer GENERATED ALWAYS AS (n * 2) STORED",),
        after=("ALTER TABLE t ADD COLUMN twice integer GENERATED ALWAYS AS (n + n) STORED",),
        ends=("CREATE INDEX t_twice ON t (twice)", "CREATE VIEW v AS SELECT twice FROM t"),
        rows=_ROWS,
        kept="SELECT sum(twice)::text FROM t",
    ),
    Rebuilding(
        name="a column is dropped below a view, a policy and a trigger that change with it",
        both=(
            _TABLE,
            (
                "CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RETURN NEW; END $$"
            ),
        ),
        before=(
            "CREATE VIEW v AS SELECT id, n FROM t",
            "CREATE POLICY own ON t USING (n > 0)",
            "CREATE TRIGGER tr BEFORE UPDATE OF n ON t FOR EACH ROW EXECUTE FUNCTION stamp()",
        ),
        after=(
            "ALTER TABLE t DROP COLUMN n",
            "CREATE VIEW v AS SELECT id FROM t",
            "CREATE POLICY own ON t USING (id > 0)",
            "CREATE TRIGGER tr BEFORE UPDATE OF name ON t FOR EACH ROW EXECUTE FUNCTION stamp()",
        ),
    ),
    Rebuilding(
        name="functions that return and take the row type of a dropped table",
        both=("CREATE TABLE kept (id integer)",),
        before=(
            _TABLE,
            "CREATE FUNCTION all_of_t() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t'",
            "CREATE FUNCTION name_of(t) RETURNS text LANGUAGE sql AS 'SELECT $1.name'",
            "CREATE VIEW v AS SELECT name_of(t) AS name FROM t",
        ),
    ),
    Rebuilding(
        name="a new default that calls a new function",
        both=("CREATE TABLE t (id integer PRIMARY KEY)",),
        after=(
            "CREATE FUNCTION code() RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$",
            "ALTER TABLE t ADD COLUMN code text DEFAULT code() NOT NULL",
            "ALTER TABLE t ADD CONSTRAINT same CHECK (code = code())",
        ),
    ),
    Rebuilding(
        name="another result of a function that a default, a check and a view call",
        both=(),
        before=("CREATE FUNCTION code() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1'",),
        after=(
            "CREATE FUNCTION code() RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 1::bigint'",
        ),
        ends=(
            "CREATE TABLE t (id integer PRIMARY KEY, n bigint DEFAULT code() CHECK (n >= code()))",
            "CREATE INDEX t_code ON t ((n + code()))",
            "CREATE VIEW v AS SELECT code() AS code FROM t",
            f"GRANT EXECUTE ON FUNCTION code() TO {READER}",
            "REVOKE EXECUTE ON FUNCTION code() FROM PUBLIC",
            "COMMENT ON FUNCTION code() IS 'one'",
        ),
        rows=("INSERT INTO t VALUES (1)",),
        kept="SELECT n::text FROM t",
    ),
    Rebuilding(
        name="tables that refer to one another",
        both=(),
        before=("CREATE TABLE other (id integer)",),
        after=(
            "CREATE TABLE a (id integer PRIMARY KEY, b_id integer)",
            "CREATE TABLE b (id integer PRIMARY KEY, a_id integer REFERENCES a)",
            "ALTER TABLE a ADD FOREIGN KEY (b_id) REFERENCES b DEFERRABLE INITIALLY DEFERRED",
        ),
    ),
    Rebuilding(
        name="a primary key under foreign keys",
        both=(
            "CREATE TABLE a (id integer, part integer NOT NULL)",
            "CREATE UNIQUE INDEX a_both ON a (id)",
        ),
        before=("ALTER TABLE a ADD CONSTRAINT a_key PRIMARY KEY (id)",),
        after=(
            "ALTER TABLE a ADD CONSTRAINT a_key PRIMARY KEY (part, id)",
            "ALTER TABLE a ADD CONSTRAINT a_id UNIQUE (id)",
        ),
        ends=("CREATE TABLE b (a_id integer REFERENCES a (id) ON DELETE CASCADE)",),
    ),
    Rebuilding(
        name="an enum's value is removed and another one moved, with all that uses it",
        both=(),
        before=(_MOOD,),
        after=("CREATE TYPE mood AS ENUM ('happy', 'sad')",),
        ends=(
            _FEELINGS,
            "ALTER TABLE f ADD CONSTRAINT not_sad CHECK (id > 5 OR mood IN ('sad', 'happy'))",
            "CREATE INDEX f_sad ON f (mood) WHERE mood = 'sad'",
            "CREATE VIEW moods AS SELECT mood, moods FROM f WHERE mood <> 'sad'",
            "CREATE FUNCTION better(mood) RETURNS mood LANGUAGE sql AS $$ SELECT 'happy'::mood $$",
            "CREATE DOMAIN feeling AS mood CHECK (VALUE <> 'sad')",
            f"GRANT USAGE ON TYPE mood TO {READER}",
            "COMMENT ON TYPE mood IS 'how one feels'",
        ),
        rows=_FEELING_ROWS,
        kept=_MOODS,
    ),
    Rebuilding(
        name="an enum's value is added at the beginning and used by a check",
        both=(),
        before=("CREATE TYPE mood AS ENUM ('sad', 'happy')", _FEELINGS),
        after=(
            "CREATE TYPE mood AS ENUM ('calm', 'sad', 'happy')",
            "CREATE TABLE f (id integer PRIMARY KEY, mood mood NOT NULL DEFAULT 'sad', moods mood[])",
        ),
        rows=_FEELING_ROWS,
        kept=_MOODS,
    ),
    Rebuilding(
        name="a column gets another enum, and the old one goes",
        both=(),
        before=("CREATE TYPE mood AS ENUM ('sad', 'happy')", _FEELINGS),
        after=(
            "CREATE TYPE feeling AS ENUM ('happy', 'sad')",
            (
                "CREATE TABLE f (id integer PRIMARY KEY, mood feeling NOT NULL DEFAULT 'happy',"
                " moods feeling[])"
            ),
        ),
        ends=("CREATE VIEW moods AS SELECT mood FROM f",),
        rows=_FEELING_ROWS,
        kept=_MOODS,
    ),
    Rebuilding(
        name="a table with an enum comes and goes",
        both=("CREATE TABLE kept (id integer)",),
        after=(_MOOD, _FEELINGS),
    ),
    Rebuilding(
        name="the type, default and check of a domain that columns have",
        both=(),
        before=("CREATE DOMAIN share AS integer DEFAULT 1 CONSTRAINT positive CHECK (VALUE > 0)",),
        after=("CREATE DOMAIN share AS bigint NOT NULL CONSTRAINT small CHECK (VALUE < 1000)",),
        ends=(
            "CREATE TABLE t (id integer PRIMARY KEY, n share)",
            "CREATE VIEW v AS SELECT n FROM t",
            "COMMENT ON DOMAIN share IS 'part'",
        ),
        rows=("INSERT INTO t VALUES (1, 5)",),
        kept="SELECT n::text FROM t",
    ),
    Rebuilding(
        name="an attribute of a composite type that a column and a function use",
        both=(),
        before=("CREATE TYPE point3 AS (x integer, y integer)",),
        after=("CREATE TYPE point3 AS (x integer, y integer, z bigint)",),
        ends=(
            "CREATE TABLE t (id integer PRIMARY KEY, place point3)",
            "CREATE FUNCTION x_of(point3) RETURNS integer LANGUAGE sql AS 'SELECT $1.x'",
        ),
        rows=("INSERT INTO t VALUES (1, NULL)",),
        kept="SELECT count(*)::text FROM t",
    ),
    Rebuilding(
        name="the type and order of attributes of a composite type that columns have",
        both=(),
        before=("CREATE TYPE pair AS (x integer, y integer)",),
        after=(
            "CREATE TYPE pair AS (z text, y integer, x bigint)",
            "COMMENT ON COLUMN pair.z IS 'third'",
        ),
        ends=(
            f"GRANT USAGE ON TYPE pair TO {READER}",
            "CREATE TABLE t (id integer PRIMARY KEY, place pair CHECK ((place).y < 9))",
            "CREATE INDEX t_y ON t (((place).y))",
            "CREATE INDEX t_place ON t (place)",
            "ALTER TABLE t ALTER COLUMN place SET DEFAULT NULL::pair",
            "CREATE VIEW v AS SELECT id, (place).y FROM t",
            "CREATE FUNCTION y_of(pair) RETURNS integer IMMUTABLE RETURN $1.y",
            "CREATE FUNCTION is_small(p pair) RETURNS boolean IMMUTABLE RETURN (p).y < 9",
            "ALTER TABLE t ADD CONSTRAINT small CHECK (is_small(place))",
            "CREATE TABLE parts (id integer, place pair) PARTITION BY LIST (id)",
            "CREATE TABLE part PARTITION OF parts FOR VALUES IN (1)",
        ),
        rows=(
            "INSERT INTO t VALUES (1, NULL), (2, '(1,2)'), (3, '(,3)'), (4, '(,)')",
            "INSERT INTO parts VALUES (1, '(5,6)')",
        ),
        kept=(
            "SELECT string_agg(concat(id, ':', (place).x, ',', (place).y,"
            " place IS NOT DISTINCT FROM NULL), ' ' ORDER BY id)"
            " FROM (TABLE t UNION ALL TABLE parts) AS both_tables"
        ),
    ),
    Rebuilding(
        name="the type of an attribute of which columns have arrays",
        both=(),
        before=("CREATE TYPE pair AS (x integer, y text)",),
        after=("CREATE TYPE pair AS (x bigint, y text)",),
        ends=("CREATE TABLE t (id integer PRIMARY KEY, places pair[])",),
        rows=(
            "INSERT INTO t VALUES (1, NULL), (2, ARRAY[(1, 'a,b')::pair, NULL, (NULL, '')::pair])",
        ),
        kept="SELECT string_agg(concat(id, places), ' ' ORDER BY id) FROM t",
    ),
    Rebuilding(
        name="an enum and a composite type beneath other types that columns have",
        both=(),
        before=(
            "CREATE TYPE state AS ENUM ('new', 'old')",
            "CREATE TYPE pair AS (x integer, y integer)",
        ),
        after=(
            "CREATE TYPE state AS ENUM ('old', 'new')",
            "CREATE TYPE pair AS (y integer, x bigint)",
        ),
        ends=(
            "CREATE DOMAIN known AS state DEFAULT 'new'",
            "CREATE DOMAIN checked AS state CHECK (VALUE IS NOT NULL)",
            f"GRANT USAGE ON TYPE known TO {READER}",
            "CREATE TYPE item AS (place pair, state known, states state[])",
            "CREATE TYPE held AS (item item)",
            "CREATE FUNCTION x_of(item) RETURNS bigint IMMUTABLE RETURN (($1).place).x",
            "CREATE TABLE t (id integer PRIMARY KEY, known checked, item item, held held)",
            "CREATE VIEW v AS SELECT id, known, (item).state FROM t",
        ),
        rows=(
            """INSERT INTO t VALUES (1, 'old', ROW(NULL, 'new', '{old,new}'), NULL)""",
            """INSERT INTO t SELECT 2, 'new', NULL, ROW(ROW(p, 'old', NULL)::item)::held
               FROM (SELECT (jsonb_populate_record(NULL::pair, '{"x": 5, "y": 6}')).*) AS p""",
        ),
        kept=(
            "SELECT string_agg(concat_ws(',', id, known, (item).state, (item).states, ((held).item).state,"
            " (((held).item).place).x, (((held).item).place).y, held IS NOT DISTINCT FROM NULL), ' ' ORDER BY id)"
            " FROM t"
        ),
    ),
    Rebuilding(
        name="an attribute between others of a composite type without columns",
        both=(),
        before=("CREATE TYPE pair AS (x integer, y integer)",),
        after=("CREATE TYPE pair AS (x integer, z text, y integer)",),
        ends=("CREATE FUNCTION y_of(pair) RETURNS integer IMMUTABLE RETURN $1.y",),
    ),
    Rebuilding(
        name="identity becomes serial over a sequence of the same name",
        both=(),
        before=(
            "CREATE TABLE t (id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, n text)",
        ),
        after=("CREATE TABLE t (id serial PRIMARY KEY, n text)",),
        rows=("INSERT INTO t (n) VALUES ('a'), ('b')",),
        kept="SELECT (nextval('t_id_seq') > max(id))::text FROM t",
    ),
    Rebuilding(
        name="a sequence of its own becomes that of a column",
        both=("CREATE TABLE t (id integer PRIMARY KEY, n text)",),
        before=("CREATE SEQUENCE numbers START 100 INCREMENT 10 CACHE 5",),
        after=(
            "CREATE SEQUENCE numbers START 100 INCREMENT 10 CACHE 5 OWNED BY t.id",
            "ALTER TABLE t ALTER COLUMN id SET DEFAULT nextval('numbers')",
        ),
    ),
    Rebuilding(
        name="the column of a partitioned table below a view over a partition",
        both=("CREATE TABLE p (id integer, at date, n integer) PARTITION BY RANGE (at)",),
        after=("ALTER TABLE p ALTER COLUMN n TYPE bigint", "CREATE INDEX p_n ON p (n)"),
        ends=(
            "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
            "CREATE VIEW v AS SELECT n FROM p1",
            "CREATE POLICY own ON p1 USING (n > 0)",
        ),
        rows=("INSERT INTO p VALUES (1, '2024-05-05', 7)",),
        kept="SELECT n::text FROM p1",
    ),
    Rebuilding(
        name="the column of a table that another one inherits",
        both=("CREATE TABLE base (id integer PRIMARY KEY, n integer)",),
        before=("CREATE TABLE child (extra text) INHERITS (base)",),
        after=(
            "ALTER TABLE base ALTER COLUMN n TYPE bigint",
            "ALTER TABLE base ADD COLUMN more text DEFAULT 'x'",
            "CREATE TABLE child (extra text) INHERITS (base)",
        ),
        ends=("CREATE VIEW v AS SELECT n FROM child",),
    ),
    Rebuilding(
        name="an object takes the name of a dropped one of another kind",
        both=(_TABLE,),
        before=("CREATE VIEW x AS SELECT id FROM t", "CREATE TABLE y (id integer)"),
        after=("CREATE TABLE x (id integer)", "CREATE VIEW y AS SELECT id FROM t"),
    ),
    Rebuilding(
        name="a new schema with its table, type, function and grants",
        both=(),
        before=("CREATE TABLE other (id integer)",),
        after=(
            "CREATE SCHEMA shop",
            f"GRANT USAGE ON SCHEMA shop TO {READER}",
            "CREATE TYPE shop.kind AS ENUM ('a', 'b')",
            "CREATE FUNCTION shop.usual() RETURNS shop.kind LANGUAGE sql AS $$ SELECT 'a'::shop.kind $$",
            "CREATE TABLE shop.items (id integer PRIMARY KEY, kind shop.kind DEFAULT shop.usual())",
            f"GRANT SELECT, INSERT ON shop.items TO {READER}",
            "ALTER TABLE shop.items ENABLE ROW LEVEL SECURITY",
            "CREATE POLICY everything ON shop.items USING (true)",
        ),
    ),
    Rebuilding(
        name="an extension and a column of its type",
        both=("CREATE TABLE t (id integer PRIMARY KEY)",),
        after=(
            "CREATE EXTENSION citext",
            "ALTER TABLE t ADD COLUMN email citext NOT NULL DEFAULT ''",
            "CREATE UNIQUE INDEX t_email ON t (email)",
        ),
    ),
    Rebuilding(
        name="default privileges and the grants of a new table",
        both=("CREATE TABLE t (id integer)",),
        after=(
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {READER}",
            "CREATE TABLE u (id integer)",
            "CREATE TABLE w (id integer)",
            f"REVOKE SELECT ON w FROM {READER}",
        ),
    ),
    Rebuilding(
        name="comments, storage, options, collation and owner, all at once",
        both=("CREATE TABLE t (id integer PRIMARY KEY, name text, n text)",),
        after=(
            "COMMENT ON TABLE t IS 'it''s :a %(b)s'",
            "COMMENT ON COLUMN t.name IS 'name'",
            "COMMENT ON CONSTRAINT t_pkey ON t IS 'key'",
            "ALTER TABLE t ALTER COLUMN name SET STORAGE EXTERNAL",
            'ALTER TABLE t ALTER COLUMN n TYPE text COLLATE "C"',
            "ALTER TABLE t SET (fillfactor = 70, toast.autovacuum_enabled = false)",
            f"ALTER TABLE t OWNER TO {WRITER}",
        ),
        ends=("CREATE VIEW v AS SELECT n FROM t",),
    ),
    Rebuilding(
        name="a type change that no cast makes by itself, with a default",
        both=(),
        before=("CREATE TABLE t (id integer PRIMARY KEY, n text DEFAULT '1')",),
        after=("CREATE TABLE t (id integer PRIMARY KEY, n integer DEFAULT 1 CHECK (n > 0))",),
        rows=("INSERT INTO t VALUES (1, '5'), (2, DEFAULT)",),
        kept="SELECT string_agg(n::text, ',' ORDER BY id) FROM t",
    ),
    Rebuilding(
        name="a function with a standard body over a view that changes",
        both=(_TABLE,),
        before=("CREATE VIEW v AS SELECT id, name FROM t",),
        after=("CREATE VIEW v AS SELECT id, name || '!' AS name, n FROM t",),
        ends=(
            "CREATE FUNCTION first_name() RETURNS text BEGIN ATOMIC SELECT min(name) FROM v; END",
            "CREATE PROCEDURE nothing() BEGIN ATOMIC SELECT first_name(); END",
        ),
    ),
    Rebuilding(
        name="a publication over a column that is retyped, and a row filter",
        both=(_TABLE,),
        after=(_BIGINT,),
        ends=("CREATE PUBLICATION news FOR TABLE t (id, n) WHERE (n > 0)",),
    ),
    Rebuilding(
        name="a key and the foreign keys on it get a type of another family",
        both=(),
        before=(
            "CREATE TABLE a (id integer PRIMARY KEY, parent integer REFERENCES a)",
            "CREATE TABLE b (a_id integer REFERENCES a (id) ON DELETE CASCADE)",
        ),
        after=(
            "CREATE TABLE a (id text PRIMARY KEY, parent text REFERENCES a)",
            "CREATE TABLE b (a_id text REFERENCES a (id) ON DELETE CASCADE)",
        ),
        rows=("INSERT INTO a VALUES (1, NULL), (2, 1)", "INSERT INTO b VALUES (1), (2)"),
        kept="SELECT string_agg(a_id::text, ',' ORDER BY a_id) FROM b",
    ),
    Rebuilding(
        name="a serial key and the column that refers to it become bigint",
        both=(),
        before=(
            "CREATE TABLE a (id serial PRIMARY KEY)",
            "CREATE TABLE b (id integer GENERATED ALWAYS AS IDENTITY, a_id integer REFERENCES a)",
        ),
        after=(
            "CREATE TABLE a (id bigserial PRIMARY KEY)",
            "CREATE TABLE b (id bigint GENERATED ALWAYS AS IDENTITY, a_id bigint REFERENCES a)",
        ),
        ends=("CREATE VIEW v AS SELECT a.id FROM a JOIN b ON b.a_id = a.id",),
        rows=("INSERT INTO a DEFAULT VALUES", "INSERT INTO b (a_id) VALUES (1)"),
        kept="SELECT count(*)::text FROM v",
    ),
    Rebuilding(
        name="a check, an index and a policy on text change with their column to a number",
        both=(),
        before=(
            "CREATE TABLE t (id integer PRIMARY KEY, n text CONSTRAINT short CHECK (n <> ''))",
            "CREATE INDEX t_n ON t (n text_pattern_ops) WHERE n LIKE '1%'",
            "CREATE POLICY own ON t USING (n = '1')",
        ),
        after=(
            "CREATE TABLE t (id integer PRIMARY KEY, n integer CONSTRAINT short CHECK (n > 0))",
            "CREATE INDEX t_n ON t (n) WHERE n > 1",
            "CREATE POLICY own ON t USING (n = 1)",
        ),
        rows=("INSERT INTO t VALUES (1, '5')",),
        kept="SELECT n::text FROM t",
    ),
    Rebuilding(
        name="aggregates, operators and casts over a function with another result",
        both=("CREATE TYPE pair AS (a integer, b integer)",),
        before=(
            "CREATE FUNCTION add(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2'",
            "CREATE AGGREGATE total(integer) (SFUNC = add, STYPE = integer, INITCOND = '0')",
        ),
        after=(
            "CREATE FUNCTION add(integer, integer) RETURNS integer LANGUAGE sql STRICT AS 'SELECT $1 + $2'",
            "CREATE AGGREGATE total(integer) (SFUNC = add, STYPE = integer, INITCOND = '1')",
        ),
        ends=(
            "CREATE OPERATOR <+> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = add)",
            "CREATE FUNCTION sum_of(pair) RETURNS integer LANGUAGE sql AS 'SELECT $1.a'",
            "CREATE CAST (pair AS integer) WITH FUNCTION sum_of(pair)",
        ),
    ),
    Rebuilding(
        name="a table with parts that depend on what depends on the table",
        both=(),
        before=(
            _TABLE,
            "CREATE VIEW v AS SELECT id, n FROM t GROUP BY id",
            "CREATE VIEW w AS SELECT id FROM v",
            "CREATE FUNCTION top() RETURNS integer STABLE BEGIN ATOMIC SELECT max(n) FROM t; END",
            "CREATE FUNCTION is_row(t) RETURNS boolean IMMUTABLE RETURN true",
            "CREATE POLICY p ON t USING (EXISTS (SELECT FROM v WHERE v.id = t.id))",
            "CREATE POLICY q ON t USING (id IN (SELECT id FROM w) AND n < top())",
            "CREATE RULE r AS ON DELETE TO t DO ALSO SELECT * FROM w",
            "ALTER TABLE t ADD CONSTRAINT c CHECK (is_row(t))",
            "CREATE INDEX i ON t (id) WHERE is_row(t)",
            "CREATE TABLE u (id integer REFERENCES t)",
        ),
    ),
)
