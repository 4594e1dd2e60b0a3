"""What of a session outlives a transaction and changes what the next one means or may do.

Source: runtime-config-client, "Statement Behavior"; sql-set; functions-info, pg_my_temp_schema.
"""

from __future__ import annotations

from alembic_proof.catalog.queries.routine import PREFIX

LASTING = (
    # First whose session it is: who may set the others depends on it.
    *("session_authorization", "role"),
    *("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"),
    *("transaction_timeout", "idle_session_timeout"),
    *("search_path", "session_replication_role", "row_security", "check_function_bodies"),
    *("default_transaction_read_only", "default_transaction_isolation"),
    *("default_transaction_deferrable", "default_tablespace", "default_table_access_method"),
    *("TimeZone", "DateStyle", "IntervalStyle", "standard_conforming_strings"),
)
"""Their names; a server may be too old for some."""

LASTING_VALUES = "jsonb_build_array({values})::text".format(
    values=", ".join(f"current_setting('{name}', true)" for name in LASTING)
)
"""Their values as they are now, in that order; NULL where there is no such setting."""

HAS_TEMPORARY = f"""CASE WHEN pg_my_temp_schema() <> 0 THEN EXISTS (
        SELECT FROM pg_depend AS d WHERE d.refclassid = 'pg_namespace'::regclass
            AND d.refobjid = pg_my_temp_schema() AND NOT EXISTS (
                SELECT FROM pg_proc AS p WHERE d.classid = 'pg_proc'::regclass
                    AND p.oid = d.objid AND starts_with(p.proname, '{PREFIX}'))
        OFFSET 0) ELSE false END"""
"""Whether the session has temporary tables, or anything else in its own schema but our functions."""
