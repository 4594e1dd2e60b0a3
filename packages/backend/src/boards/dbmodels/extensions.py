"""uuid-ossp: made where it is missing, marked as ours, refused clearly where it cannot serve."""

from __future__ import annotations

MARK = "generate universally unique identifiers (UUIDs); made by Boards"
"""The comment on an extension that Boards made: only this one is dropped again."""

CREATE_UUID_OSSP = f"""
DO $extension$
DECLARE
    home text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'uuid-ossp') THEN
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_available_extensions WHERE name = 'uuid-ossp')
        THEN
            RAISE EXCEPTION USING
                ERRCODE = 'feature_not_supported',
                MESSAGE = 'the extension uuid-ossp is not available on this server',
                HINT = 'Install PostgreSQL''s contrib package on the server, then try again.';
        END IF;
        CREATE EXTENSION "uuid-ossp" WITH SCHEMA public;
        COMMENT ON EXTENSION "uuid-ossp" IS '{MARK}';
    END IF;
    SELECT space.nspname INTO STRICT home
    FROM pg_catalog.pg_extension AS extension
    JOIN pg_catalog.pg_namespace AS space ON space.oid = extension.extnamespace
    WHERE extension.extname = 'uuid-ossp';
    IF NOT home = ANY (pg_catalog.current_schemas(true)) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = pg_catalog.concat(
                'the extension uuid-ossp is in the schema ', pg_catalog.quote_ident(home),
                ', which is not on the search_path'
            ),
            HINT = pg_catalog.concat(
                'Let a superuser run ALTER EXTENSION "uuid-ossp" SET SCHEMA public, or run ',
                'ALTER DATABASE ', pg_catalog.quote_ident(pg_catalog.current_database()),
                ' SET search_path = public, ', pg_catalog.quote_ident(home), '.'
            );
    END IF;
END
$extension$
"""
"""Source: https://www.postgresql.org/docs/current/uuid-ossp.html"""

DROP_UUID_OSSP = f"""
DO $extension$
BEGIN
    IF '{MARK}' = (
        SELECT pg_catalog.obj_description(oid, 'pg_extension')
        FROM pg_catalog.pg_extension
        WHERE extname = 'uuid-ossp'
    ) THEN
        DROP EXTENSION "uuid-ossp";
    END IF;
END
$extension$
"""
