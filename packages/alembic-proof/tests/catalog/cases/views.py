"""Views and materialized views."""

from __future__ import annotations

from .case import Case
from .sample_schema import READER, SPACE, WRITER

CASES = (
    Case(
        "view created",
        "CREATE VIEW app.more WITH (security_invoker = true) AS SELECT 1 AS one",
        "view app.more: unexpected",
    ),
    Case("view dropped", "DROP VIEW app.names", "view app.names: missing"),
    Case(
        "view's query",
        "CREATE OR REPLACE VIEW app.names AS SELECT id, name FROM app.users WHERE id > 1",
        "view app.names: changed",
    ),
    Case(
        "view's column added",
        "CREATE OR REPLACE VIEW app.names AS SELECT id, name, email FROM app.users",
        "view app.names: changed",
    ),
    Case(
        "view security invoker",
        "ALTER VIEW app.names SET (security_invoker = true)",
        "view app.names, options: none -> 'security_invoker=true'",
    ),
    Case(
        "view check option",
        "ALTER VIEW app.names SET (check_option = local)",
        "view app.names, options: none -> 'check_option=local'",
    ),
    Case(
        "view column default",
        "ALTER VIEW app.names ALTER COLUMN name SET DEFAULT 'x'",
        "column app.names.name, default: none -> 'x'::",
    ),
    Case(
        "view column comment",
        "COMMENT ON COLUMN app.names.name IS 'a name'",
        "column app.names.name, comment: none -> a name",
    ),
    Case(
        "view column granted",
        f"GRANT SELECT (name) ON app.names TO {READER}",
        f"column app.names.name, grant to {READER}: none -> SELECT",
    ),
    Case(
        "view owner",
        f"ALTER VIEW app.names OWNER TO {WRITER}",
        f"view app.names, owner: postgres -> {WRITER}",
    ),
    Case(
        "view granted",
        f"GRANT SELECT ON app.names TO {READER}",
        f"view app.names, grant to {READER}: none -> SELECT",
    ),
    Case(
        "view comment", "COMMENT ON VIEW app.names IS 'who'", "view app.names, comment: none -> who"
    ),
    Case(
        "materialized view created",
        "CREATE MATERIALIZED VIEW app.more AS SELECT 1 AS one WITH NO DATA",
        "materialized view app.more: unexpected",
    ),
    Case(
        "materialized view dropped",
        "DROP MATERIALIZED VIEW app.counts",
        "materialized view app.counts: missing",
    ),
    Case(
        "materialized view's query",
        (
            "DROP MATERIALIZED VIEW app.counts",
            "CREATE MATERIALIZED VIEW app.counts AS SELECT tenant_id, count(id) AS n FROM app.users GROUP BY 1",
        ),
        "materialized view app.counts: changed",
    ),
    Case(
        "materialized view emptied",
        "REFRESH MATERIALIZED VIEW app.counts WITH NO DATA",
        "materialized view app.counts, populated: yes -> no",
    ),
    Case(
        "materialized view option",
        "ALTER MATERIALIZED VIEW app.counts SET (fillfactor = 60)",
        "materialized view app.counts, options: none -> 'fillfactor=60'",
    ),
    Case(
        "materialized view comment",
        "COMMENT ON MATERIALIZED VIEW app.counts IS 'how many'",
        "materialized view app.counts, comment: none -> how many",
    ),
    Case(
        "materialized view owner",
        f"ALTER MATERIALIZED VIEW app.counts OWNER TO {WRITER}",
        f"materialized view app.counts, owner: postgres -> {WRITER}",
    ),
    Case(
        "materialized view's replica identity",
        "ALTER TABLE app.counts REPLICA IDENTITY FULL",
        "materialized view app.counts, replica identity: none -> full",
    ),
    Case(
        "materialized view's tablespace",
        f"ALTER MATERIALIZED VIEW app.counts SET TABLESPACE {SPACE}",
        f"materialized view app.counts, tablespace: none -> {SPACE}",
    ),
    Case(
        "materialized view's access method",
        "ALTER MATERIALIZED VIEW app.counts SET ACCESS METHOD heap2",
        "materialized view app.counts, access method: none -> heap2",
        setup=("CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler",),
    ),
    Case(
        "materialized view's toast option",
        "ALTER MATERIALIZED VIEW app.texts SET (toast.autovacuum_enabled = false)",
        "materialized view app.texts, toast options: none -> 'autovacuum_enabled=false'",
        setup=("CREATE MATERIALIZED VIEW app.texts AS SELECT 'x'::text AS t",),
    ),
)
