"""The extension and the function that the tables need; `create_all()` creates them first."""

from __future__ import annotations

from sqlalchemy import MetaData, event

from boards.dbmodels.ddl import statement
from boards.settings import APP_ROLE

CREATED_BY_BOARDS = "generate universally unique identifiers (UUIDs); made by Boards"
"""The comment on an extension that Boards created; `drop_all()` drops only this one."""

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
        COMMENT ON EXTENSION "uuid-ossp" IS '{CREATED_BY_BOARDS}';
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
"""Create uuid-ossp where it is missing; refuse one that the search_path does not reach.

Source: https://www.postgresql.org/docs/current/uuid-ossp.html
"""

DROP_UUID_OSSP = f"""
DO $extension$
BEGIN
    IF '{CREATED_BY_BOARDS}' = (
        SELECT pg_catalog.obj_description(oid, 'pg_extension')
        FROM pg_catalog.pg_extension
        WHERE extname = 'uuid-ossp'
    ) THEN
        DROP EXTENSION "uuid-ossp";
    END IF;
END
$extension$
"""

SET_UPDATED_AT = """
CREATE OR REPLACE FUNCTION public.set_updated_at() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF current_setting('boards.keep_updated_at', true) = 'on' AND EXISTS (
        SELECT FROM pg_class WHERE oid = TG_RELID AND pg_has_role(relowner, 'USAGE')
    ) THEN
        RETURN NEW;
    END IF;
    NEW.updated_at := now();
    RETURN NEW;
END
$function$
"""
"""The trigger function sets updated_at, except in a backfill.

A backfill is not an edit: the tables' owner executes `SET LOCAL boards.keep_updated_at = 'on'`; for
other roles the setting has no effect. Disabling the trigger instead would block every writer until
the commit.

Source: https://www.postgresql.org/docs/current/sql-altertable.html (DISABLE TRIGGER takes a
SHARE ROW EXCLUSIVE lock)
"""

REQUIRE_APP_ROLE = f"""
DO $role$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{APP_ROLE}') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'undefined_object',
            MESSAGE = 'the role {APP_ROLE} does not exist',
            HINT = 'Create it first: boards-migrate bootstrap';
    END IF;
END
$role$
"""
"""Roles belong to the cluster: `create_all()` creates none."""


def register_schema_objects(metadata: MetaData) -> None:
    """Create the extension and the function before the tables, and drop them after the tables.

    `create_all()` refuses to begin on a server without the application's role.
    """
    for sql in (
        REQUIRE_APP_ROLE,
        CREATE_UUID_OSSP,
        SET_UPDATED_AT,
        "REVOKE ALL ON FUNCTION public.set_updated_at() FROM PUBLIC",
        """
        COMMENT ON FUNCTION public.set_updated_at()
        IS 'Sets updated_at; the owner can suspend it for a backfill by boards.keep_updated_at'
        """,
    ):
        event.listen(metadata, "before_create", statement(sql))
    for sql in ("DROP FUNCTION IF EXISTS public.set_updated_at()", DROP_UUID_OSSP):
        event.listen(metadata, "after_drop", statement(sql))
