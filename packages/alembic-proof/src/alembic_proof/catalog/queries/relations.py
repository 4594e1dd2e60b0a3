"""Tables, partitions, foreign tables, views and materialized views."""

from __future__ import annotations

from alembic_proof.catalog.queries.frame import settings
from alembic_proof.catalog.select import Select

_REPLICA_INDEX = """(SELECT 'index ' || quote_ident(k.relname)
    FROM pg_index AS i JOIN pg_class AS k ON k.oid = i.indexrelid
    WHERE i.indrelid = c.oid AND i.indisreplident)"""

RELATIONS = Select(
    reads="pg_class",
    manual="catalog-pg-class",
    kind="r.kind",
    identity="r.identity",
    oid="r.oid",
    parents=("'schema'", "r.schema", "p.kind", "p.identity"),
    owner="r.owner",
    acl="coalesce(c.relacl, acldefault('r', c.relowner))",
    facts={
        "owner": "r.owner",
        "persistence": "CASE c.relpersistence WHEN 'u' THEN 'unlogged' END",
        "row security": "CASE WHEN c.relrowsecurity THEN 'enabled' END",
        "force row security": "CASE WHEN c.relforcerowsecurity THEN 'enabled' END",
        "replica identity": f"""CASE c.relreplident WHEN 'f' THEN 'full' WHEN 'i' THEN {_REPLICA_INDEX}
            WHEN 'n' THEN CASE WHEN c.relkind IN ('r', 'p', 'm') THEN 'nothing' END END""",
        "options": settings("c.reloptions"),
        "toast options": settings("toast.reloptions"),
        "access method": "am.amname::text",
        "tablespace": "quote_ident(ts.spcname)",
        "of type": "CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END",
        "partitioned by": "CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END",
        "partition of": """CASE WHEN c.relispartition THEN
            p.identity || ' ' || pg_get_expr(c.relpartbound, c.oid) END""",
        "inherits": """CASE WHEN p.oid IS NOT NULL AND NOT c.relispartition THEN
            (SELECT string_agg(q.identity, ', ' ORDER BY i.inhseqno)
            FROM pg_inherits AS i JOIN relation AS q ON q.oid = i.inhparent
            WHERE i.inhrelid = c.oid) END""",
        "definition": "CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END",
        "populated": "CASE WHEN c.relkind = 'm' AND NOT c.relispopulated THEN 'no' END",
        "server": "quote_ident(fs.srvname)",
        "foreign options": settings("ft.ftoptions"),
    },
    source="""relation AS r
JOIN pg_class AS c ON c.oid = r.oid
LEFT JOIN pg_class AS toast ON toast.oid = c.reltoastrelid
LEFT JOIN pg_am AS am ON am.oid = c.relam
LEFT JOIN pg_tablespace AS ts ON ts.oid = c.reltablespace
LEFT JOIN pg_foreign_table AS ft ON ft.ftrelid = c.oid
LEFT JOIN pg_foreign_server AS fs ON fs.oid = ft.ftserver
LEFT JOIN pg_inherits AS h ON h.inhrelid = r.oid AND h.inhseqno = 1
LEFT JOIN relation AS p ON p.oid = h.inhparent
WHERE r.relkind NOT IN ('S', 'c')""",
)
