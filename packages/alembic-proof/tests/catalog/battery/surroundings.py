"""The database, schemas, extensions, privileges, replication, foreign data and the rare kinds."""

from __future__ import annotations

from .case import Case
from .zoo import READER, WRITER

CASES = (
    Case("schema created", "CREATE SCHEMA extra", "schema extra: unexpected"),
    Case("schema dropped", "DROP SCHEMA bare", "schema bare: missing"),
    Case(
        "schema dropped with all in it",
        "DROP SCHEMA app CASCADE",
        "schema app: missing",
        setup=("DROP EVENT TRIGGER watcher", "DROP PUBLICATION news"),
        is_offered=False,
    ),
    Case(
        "schema owner",
        f"ALTER SCHEMA bare OWNER TO {WRITER}",
        f"schema bare, owner: postgres -> {WRITER}",
    ),
    Case(
        "schema granted",
        f"GRANT USAGE ON SCHEMA bare TO {READER}",
        f"schema bare, grant to {READER}: none -> USAGE",
    ),
    Case(
        "schema public revoked",
        "REVOKE USAGE ON SCHEMA public FROM PUBLIC",
        "schema public, grant to PUBLIC: USAGE -> none",
    ),
    Case(
        "schema comment", "COMMENT ON SCHEMA bare IS 'empty'", "schema bare, comment: none -> empty"
    ),
    Case(
        "extension created", "CREATE EXTENSION citext SCHEMA public", "extension citext: unexpected"
    ),
    Case("extension dropped", "DROP EXTENSION hstore", "extension hstore: missing"),
    Case(
        "extension updated",
        "ALTER EXTENSION hstore UPDATE TO '1.8'",
        "extension hstore, version: 1.4 -> 1.8",
        is_offered=False,
    ),
    Case(
        "extension moved",
        "ALTER EXTENSION hstore SET SCHEMA bare",
        "extension hstore, schema: public -> bare",
    ),
    Case(
        "extension comment",
        "COMMENT ON EXTENSION hstore IS 'pairs'",
        "extension hstore, comment: data type for storing sets of (key, value) pairs -> pairs",
    ),
    Case(
        "database setting",
        "ALTER DATABASE {database} SET work_mem = '8MB'",
        "database current, settings: none -> 'work_mem=8MB'",
        is_offered=False,
    ),
    Case(
        "role's setting in the database",
        f"ALTER ROLE {READER} IN DATABASE {{database}} SET work_mem = '8MB'",
        f"database current, settings: none -> 'role {READER}: work_mem=8MB'",
        is_offered=False,
    ),
    Case(
        "database comment",
        "COMMENT ON DATABASE {database} IS 'a zoo'",
        "database current, comment: none -> a zoo",
        is_offered=False,
    ),
    Case(
        "database granted",
        f"GRANT CREATE ON DATABASE {{database}} TO {READER}",
        f"database current, grant to {READER}: none -> CREATE",
        is_offered=False,
    ),
    Case(
        "default privileges granted",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO {READER}",
        f"default privileges for role postgres in schema app on tables, grant to {READER}: none -> SELECT",
    ),
    Case(
        "default privileges revoked",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA app REVOKE SELECT ON SEQUENCES FROM {READER}",
        f"default privileges for role postgres in schema app on sequences, grant to {READER}: SELECT -> none",
    ),
    Case(
        "default privileges everywhere",
        "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
        "default privileges for role postgres on functions, revoked: none -> EXECUTE from PUBLIC",
    ),
    Case(
        "built-in function revoked",
        "REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) FROM PUBLIC",
        "built-in object function pg_catalog.pg_sleep(double precision), privileges: none -> postgres=X/postgres",
        is_offered=False,
    ),
    Case(
        "extension's function revoked",
        "REVOKE EXECUTE ON FUNCTION public.hstore(record) FROM PUBLIC",
        "built-in object function public.hstore(pg_catalog.record), privileges: none -> postgres=X/postgres",
        is_offered=False,
    ),
    Case(
        "statistics created",
        "CREATE STATISTICS app.more (mcv) ON a, b FROM app.notes",
        "statistics app.more: unexpected",
    ),
    Case(
        "statistics dropped",
        "DROP STATISTICS app.notes_stats",
        "statistics app.notes_stats: missing",
    ),
    Case(
        "statistics' kinds",
        (
            "DROP STATISTICS app.notes_stats",
            "CREATE STATISTICS app.notes_stats (ndistinct) ON a, c FROM app.notes",
        ),
        "statistics app.notes_stats: CREATE STATISTICS app.notes_stats (dependencies) ON a, c FROM app.notes -> CREATE STATISTICS app.notes_stats (ndistinct)",
    ),
    Case(
        "statistics' target",
        "ALTER STATISTICS app.notes_stats SET STATISTICS 900",
        "statistics app.notes_stats, target: none -> 900",
    ),
    Case(
        "statistics comment",
        "COMMENT ON STATISTICS app.notes_stats IS 'both'",
        "statistics app.notes_stats, comment: none -> both",
    ),
    Case(
        "publication created",
        "CREATE PUBLICATION more FOR ALL TABLES WITH (publish = 'insert')",
        "publication more: unexpected",
    ),
    Case("publication dropped", "DROP PUBLICATION news", "publication news: missing"),
    Case(
        "publication's events",
        "ALTER PUBLICATION news SET (publish = 'insert, update')",
        "publication news, publish: insert, update, delete, truncate -> insert, update",
    ),
    Case(
        "publication through the root",
        "ALTER PUBLICATION news SET (publish_via_partition_root = true)",
        "publication news, via partition root: none -> yes",
    ),
    Case(
        "publication of generated columns",
        "ALTER PUBLICATION news SET (publish_generated_columns = stored)",
        "publication news, generated columns: none -> stored",
        since=18,
    ),
    Case(
        "published table added",
        "ALTER PUBLICATION news ADD TABLE app.users",
        "published table news.app.users: unexpected",
    ),
    Case(
        "published table dropped",
        "ALTER PUBLICATION news DROP TABLE app.tenants",
        "published table news.app.tenants: missing",
    ),
    Case(
        "published columns",
        "ALTER PUBLICATION news SET TABLE app.tenants (id)",
        "published table news.app.tenants, columns: none -> id",
    ),
    Case(
        "published rows",
        "ALTER PUBLICATION news SET TABLE app.tenants WHERE (id > 3)",
        "published table news.app.tenants, row filter: none -> (id > 3)",
    ),
    Case(
        "published schema",
        "ALTER PUBLICATION news ADD TABLES IN SCHEMA app",
        "published schema news.app: unexpected",
    ),
    Case(
        "publication owner",
        f"ALTER PUBLICATION news OWNER TO {WRITER}",
        f"publication news, owner: postgres -> {WRITER}",
        setup=(f"GRANT CREATE ON DATABASE {{database}} TO {WRITER}",),
    ),
    Case(
        "publication comment",
        "COMMENT ON PUBLICATION news IS 'out'",
        "publication news, comment: none -> out",
    ),
    Case(
        "subscription created",
        "CREATE SUBSCRIPTION {database}_s CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false, slot_name = NONE)",
        "subscription ",
        is_offered=False,
    ),
    Case(
        "wrapper created",
        "CREATE FOREIGN DATA WRAPPER other OPTIONS (debug 'yes')",
        "foreign-data wrapper other: unexpected",
    ),
    Case(
        "wrapper option",
        "ALTER FOREIGN DATA WRAPPER nothing OPTIONS (ADD debug 'yes')",
        "foreign-data wrapper nothing, options: none -> 'debug=yes'",
    ),
    Case(
        "server created",
        "CREATE SERVER near TYPE 'pg' VERSION '9' FOREIGN DATA WRAPPER nothing",
        "server near: unexpected",
    ),
    Case(
        "server dropped",
        "DROP SERVER far CASCADE",
        "server far: missing",
        setup=("DROP FOREIGN TABLE app.remote",),
        is_offered=False,
    ),
    Case(
        "server option",
        "ALTER SERVER far OPTIONS (SET host 'here')",
        "server far, options: 'host=there' -> 'host=here'",
    ),
    Case("server version", "ALTER SERVER far VERSION '2'", "server far, version: none -> 2"),
    Case(
        "server granted",
        f"GRANT USAGE ON FOREIGN SERVER far TO {READER}",
        f"server far, grant to {READER}: none -> USAGE",
    ),
    Case("server comment", "COMMENT ON SERVER far IS 'away'", "server far, comment: none -> away"),
    Case(
        "user mapping created",
        f"CREATE USER MAPPING FOR {READER} SERVER far",
        f"user mapping for {READER} server far: unexpected",
    ),
    Case(
        "user mapping's password",
        "ALTER USER MAPPING FOR PUBLIC SERVER far OPTIONS (SET password 'other')",
        "user mapping for PUBLIC server far, options: password=md5:5ebe2294ecd0e0f08eab7690d2a6ee69 -> password=md5:795f3202b17cb6bc3d4b771d8c6c9eaf",
        is_offered=False,
    ),
    Case(
        "foreign table created",
        "CREATE FOREIGN TABLE app.remoter (id integer OPTIONS (n 'x')) SERVER far",
        "foreign table app.remoter: unexpected",
    ),
    Case(
        "foreign table dropped",
        "DROP FOREIGN TABLE app.remote",
        "foreign table app.remote: missing",
    ),
    Case(
        "foreign table option",
        "ALTER FOREIGN TABLE app.remote OPTIONS (SET name 'that')",
        "foreign table app.remote, foreign options: 'name=it' -> 'name=that'",
    ),
    Case(
        "foreign column option",
        "ALTER FOREIGN TABLE app.remote ALTER COLUMN id OPTIONS (ADD n 'x')",
        "column app.remote.id, foreign options: none -> 'n=x'",
    ),
    Case(
        "collation created",
        'CREATE COLLATION app.other FROM "C"',
        "collation app.other: unexpected",
    ),
    Case(
        "collation's locale",
        (
            "DROP COLLATION app.german",
            "CREATE COLLATION app.german (provider = icu, locale = 'fr')",
        ),
        "collation app.german, locale: de -> fr",
    ),
    Case(
        "collation comment",
        "COMMENT ON COLLATION app.german IS 'umlauts'",
        "collation app.german, comment: none -> umlauts",
    ),
    Case(
        "conversion created",
        "CREATE CONVERSION app.conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
        "conversion app.conv: unexpected",
    ),
    Case(
        "cast created",
        "CREATE CAST (app.pair AS text) WITH INOUT AS ASSIGNMENT",
        "cast (app.pair AS pg_catalog.text): unexpected",
    ),
    Case(
        "operator created",
        "CREATE OPERATOR app.=== (FUNCTION = int4eq, LEFTARG = integer, RIGHTARG = integer)",
        "operator app.===(integer,integer): unexpected",
    ),
    Case(
        "operator class created",
        "CREATE OPERATOR CLASS app.odd FOR TYPE integer USING btree AS OPERATOR 1 <, FUNCTION 1 btint4cmp(integer, integer)",
        "operator class app.odd USING btree: unexpected",
        is_offered=False,
    ),
    Case(
        "operator family created",
        "CREATE OPERATOR FAMILY app.clan USING btree",
        "operator family app.clan USING btree: unexpected",
    ),
    Case(
        "text search dictionary created",
        "CREATE TEXT SEARCH DICTIONARY app.other (TEMPLATE = simple, accept = false)",
        "text search dictionary app.other: unexpected",
    ),
    Case(
        "text search dictionary's options",
        "ALTER TEXT SEARCH DICTIONARY app.plain (accept = false)",
        "text search dictionary app.plain, options: none -> accept = 'false'",
        is_offered=False,
    ),
    Case(
        "text search mapping",
        "ALTER TEXT SEARCH CONFIGURATION app.search ADD MAPPING FOR word WITH simple",
        "text search configuration app.search, mappings: none -> word: simple",
        is_offered=False,
    ),
    Case(
        "text search parser created",
        "CREATE TEXT SEARCH PARSER app.reader (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype)",
        "text search parser app.reader: unexpected",
    ),
    Case(
        "text search template created",
        "CREATE TEXT SEARCH TEMPLATE app.form (LEXIZE = dsimple_lexize)",
        "text search template app.form: unexpected",
    ),
    Case(
        "language created",
        "CREATE LANGUAGE other HANDLER plpgsql_call_handler",
        "language other: unexpected",
    ),
    Case(
        "transform created",
        "CREATE TRANSFORM FOR app.pair LANGUAGE plpgsql (FROM SQL WITH FUNCTION app.from_sql(internal))",
        "transform for app.pair ",
        setup=(
            "CREATE FUNCTION app.from_sql(internal) RETURNS internal LANGUAGE internal IMMUTABLE AS 'boolin'",
        ),
    ),
    Case(
        "access method created",
        "CREATE ACCESS METHOD other TYPE INDEX HANDLER bthandler",
        "access method other: unexpected",
    ),
    Case(
        "extension owner",
        f"UPDATE pg_extension SET extowner = '{WRITER}'::regrole WHERE extname = 'hstore'",
        f"extension hstore, owner: postgres -> {WRITER}",
        is_offered=False,
    ),
    Case(
        "publication of all tables",
        ("DROP PUBLICATION all_of_it", "CREATE PUBLICATION all_of_it FOR ALL TABLES"),
        "publication all_of_it, all tables: none -> yes",
        setup=("CREATE PUBLICATION all_of_it",),
    ),
    Case(
        "server owner",
        f"ALTER SERVER far OWNER TO {WRITER}",
        f"server far, owner: postgres -> {WRITER}",
        setup=(f"GRANT USAGE ON FOREIGN DATA WRAPPER nothing TO {WRITER}",),
    ),
    Case(
        "server type",
        ("DROP SERVER near", "CREATE SERVER near TYPE 'b' FOREIGN DATA WRAPPER nothing"),
        "server near, type: a -> b",
        setup=("CREATE SERVER near TYPE 'a' FOREIGN DATA WRAPPER nothing",),
    ),
    Case(
        "server wrapper",
        ("DROP SERVER near", "CREATE SERVER near FOREIGN DATA WRAPPER other"),
        "server near, wrapper: nothing -> other",
        setup=(
            "CREATE FOREIGN DATA WRAPPER other",
            "CREATE SERVER near FOREIGN DATA WRAPPER nothing",
        ),
    ),
    Case(
        "statistics owner",
        f"ALTER STATISTICS app.notes_stats OWNER TO {WRITER}",
        f"statistics app.notes_stats, owner: postgres -> {WRITER}",
    ),
    Case(
        "foreign table owner",
        f"ALTER FOREIGN TABLE app.remote OWNER TO {WRITER}",
        f"foreign table app.remote, owner: postgres -> {WRITER}",
    ),
    Case(
        "foreign table comment",
        "COMMENT ON FOREIGN TABLE app.remote IS 'off'",
        "foreign table app.remote, comment: none -> off",
    ),
    Case(
        "foreign table's server",
        (
            "DROP FOREIGN TABLE app.remote",
            "CREATE FOREIGN TABLE app.remote (id integer) SERVER near OPTIONS (name 'it')",
        ),
        "foreign table app.remote, server: far -> near",
        setup=("CREATE SERVER near FOREIGN DATA WRAPPER nothing",),
    ),
    Case(
        "foreign table inherits",
        "ALTER FOREIGN TABLE app.remote INHERIT app.short",
        "foreign table app.remote, inherits: none -> app.short",
        setup=("CREATE TABLE app.short (id integer)",),
    ),
    Case(
        "foreign partition",
        "ALTER TABLE app.spread ATTACH PARTITION app.remote FOR VALUES IN (1)",
        "foreign table app.remote, partition of: none -> app.spread FOR VALUES IN (1)",
        setup=("CREATE TABLE app.spread (id integer) PARTITION BY LIST (id)",),
    ),
)
