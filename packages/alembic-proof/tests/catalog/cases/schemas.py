"""The database, schemas, extensions and privileges."""

from __future__ import annotations

from .case import Case
from .sample_schema import READER, WRITER

CASES = (
    Case("schema created", "CREATE SCHEMA extra", "schema extra: unexpected"),
    Case("schema dropped", "DROP SCHEMA bare", "schema bare: missing"),
    Case(
        "schema dropped with all in it",
        "DROP SCHEMA app CASCADE",
        "schema app: missing",
        setup=("DROP EVENT TRIGGER watcher", "DROP PUBLICATION news"),
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
    ),
    Case(
        "role's setting in the database",
        f"ALTER ROLE {READER} IN DATABASE {{database}} SET work_mem = '8MB'",
        f"database current, settings: none -> 'role {READER}: work_mem=8MB'",
    ),
    Case(
        "database comment",
        "COMMENT ON DATABASE {database} IS 'a sample'",
        "database current, comment: none -> a sample",
    ),
    Case(
        "database granted",
        f"GRANT CREATE ON DATABASE {{database}} TO {READER}",
        f"database current, grant to {READER}: none -> CREATE",
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
    ),
    Case(
        "extension's function revoked",
        "REVOKE EXECUTE ON FUNCTION public.hstore(record) FROM PUBLIC",
        "built-in object function public.hstore(pg_catalog.record), privileges: none -> postgres=X/postgres",
    ),
    Case(
        "extension owner",
        f"UPDATE pg_extension SET extowner = '{WRITER}'::regrole WHERE extname = 'hstore'",
        f"extension hstore, owner: postgres -> {WRITER}",
    ),
)
