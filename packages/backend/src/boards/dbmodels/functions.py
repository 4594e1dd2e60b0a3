"""The function behind the updated_at triggers, and everything that comes before any table."""

from __future__ import annotations

from sqlalchemy import event

from boards.dbmodels.base import target_metadata
from boards.dbmodels.ddl import statement
from boards.dbmodels.extensions import CREATE_UUID_OSSP, DROP_UUID_OSSP
from boards.dbmodels.roles import bootstrap_statements

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
"""Sets updated_at, except in a backfill.

A backfill is not an edit: the tables' owner says `SET LOCAL boards.keep_updated_at = 'on'`, and no
other role can. Disabling the trigger instead would lock out every writer until the commit.

Source: https://www.postgresql.org/docs/current/sql-altertable.html (DISABLE TRIGGER takes a
SHARE ROW EXCLUSIVE lock)
"""

BEFORE_TABLES = (
    *bootstrap_statements(None),
    CREATE_UUID_OSSP,
    SET_UPDATED_AT,
    "REVOKE ALL ON FUNCTION public.set_updated_at() FROM PUBLIC",
    """
    COMMENT ON FUNCTION public.set_updated_at()
    IS 'Sets updated_at; the owner can suspend it for a backfill by boards.keep_updated_at'
    """,
)

AFTER_TABLES = ("DROP FUNCTION IF EXISTS public.set_updated_at()", DROP_UUID_OSSP)

for sql in BEFORE_TABLES:
    event.listen(target_metadata, "before_create", statement(sql))
for sql in AFTER_TABLES:
    event.listen(target_metadata, "after_drop", statement(sql))
