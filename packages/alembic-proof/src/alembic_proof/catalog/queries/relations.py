"""Tables, partitions, foreign tables, views and materialized views."""

from __future__ import annotations

from alembic_proof.catalog.queries.frame import is_user_made, settings
from alembic_proof.catalog.select import Select, parent, scope

KIND = """CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
    WHEN 'f' THEN 'foreign table' ELSE 'table' END"""

_FIRST_PARENT = """(SELECT h.inhparent FROM pg_inherits AS h
    WHERE h.inhrelid = c.oid AND h.inhseqno = 1)"""

_REPLICA_INDEX = """(SELECT 'index ' || quote_ident(k.relname)
    FROM pg_index AS i JOIN pg_class AS k ON k.oid = i.indexrelid
    WHERE i.indrelid = c.oid AND i.indisreplident)"""

_INHERITS = """(SELECT string_agg(h.inhparent::regclass::text, ', ' ORDER BY h.inhseqno)
    FROM pg_inherits AS h WHERE h.inhrelid = c.oid)"""

RELATIONS = Select(
    reads="pg_class",
    manual="catalog-pg-class",
    kinds=("table", "foreign table", "view", "materialized view"),
    kind=KIND,
    name="quote_ident(c.relname)",
    oid="c.oid",
    links=(
        scope("pg_namespace", "c.relnamespace"),
        parent("pg_class", f"CASE WHEN c.relkind IN ('r', 'p', 'f') THEN {_FIRST_PARENT} END"),
    ),
    owner="pg_get_userbyid(c.relowner)",
    acl="coalesce(c.relacl, acldefault('r', c.relowner))",
    facts={
        "owner": "pg_get_userbyid(c.relowner)",
        "persistence": "CASE c.relpersistence WHEN 'u' THEN 'unlogged' END",
        "row security": "CASE WHEN c.relrowsecurity THEN 'enabled' END",
        "force row security": "CASE WHEN c.relforcerowsecurity THEN 'enabled' END",
        "replica identity": f"""CASE c.relreplident WHEN 'f' THEN 'full'
            WHEN 'i' THEN {_REPLICA_INDEX}
            WHEN 'n' THEN CASE WHEN c.relkind IN ('r', 'p', 'm') THEN 'nothing' END END""",
        "options": settings("c.reloptions"),
        "toast options": settings("toast.reloptions"),
        "access method": "CASE WHEN am.amname <> 'heap' THEN quote_ident(am.amname) END",
        "tablespace": "quote_ident(ts.spcname)",
        "of type": "CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END",
        "partitioned by": "CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END",
        "partition of": f"""CASE WHEN c.relispartition THEN
            {_FIRST_PARENT}::regclass::text || ' ' || pg_get_expr(c.relpartbound, c.oid) END""",
        "inherits": f"CASE WHEN NOT c.relispartition AND c.relkind IN ('r', 'f') THEN {_INHERITS} END",
        "definition": "CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END",
        "populated": "CASE WHEN c.relkind = 'm' AND NOT c.relispopulated THEN 'no' END",
        "server": "quote_ident(fs.srvname)",
        "foreign options": settings("ft.ftoptions"),
    },
    source=f"""pg_class AS c
LEFT JOIN pg_class AS toast ON toast.oid = c.reltoastrelid
LEFT JOIN pg_am AS am ON am.oid = c.relam
LEFT JOIN pg_tablespace AS ts ON ts.oid = c.reltablespace
LEFT JOIN pg_foreign_table AS ft ON ft.ftrelid = c.oid
LEFT JOIN pg_foreign_server AS fs ON fs.oid = ft.ftserver
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {is_user_made("pg_class", "c.oid")}""",
)
