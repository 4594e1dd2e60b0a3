"""Tables, partitions, foreign tables, views and materialized views."""

from __future__ import annotations

from alembic_proof.catalog.queries.object_query import AttributeQuery, Link, ObjectQuery
from alembic_proof.catalog.queries.sql_fragments import (
    case_when,
    is_user_made,
    option_list,
    tablespace_name,
    type_name,
)

PARTITION_BOUND = "partition bound"
"""The parser puts it into the attribute `partition of`."""

_HEAP = 2
"""The OID of the access method heap, the same in all databases."""

_METHOD = "(SELECT quote_ident(am.amname) FROM pg_am AS am WHERE am.oid = c.relam)"
_SERVER = """(SELECT quote_ident(fs.srvname) FROM pg_foreign_table AS ft
    JOIN pg_foreign_server AS fs ON fs.oid = ft.ftserver WHERE ft.ftrelid = c.oid)"""
_TOAST_OPTIONS = (
    "(SELECT toast.reloptions FROM pg_class AS toast WHERE toast.oid = c.reltoastrelid)"
)
_FOREIGN_OPTIONS = "(SELECT ft.ftoptions FROM pg_foreign_table AS ft WHERE ft.ftrelid = c.oid)"

RELATIONS = ObjectQuery(
    reads="pg_class",
    manual="catalog-pg-class",
    kinds=("table", "foreign table", "view", "materialized view"),
    kind="""CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
        WHEN 'f' THEN 'foreign table' ELSE 'table' END""",
    name="quote_ident(c.relname)",
    oid="c.oid",
    links=(Link("qualifier", "pg_namespace", "c.relnamespace"),),
    owner="pg_get_userbyid(c.relowner)",
    acl="coalesce(c.relacl, acldefault('r', c.relowner))",
    facts={
        "owner": "pg_get_userbyid(c.relowner)",
        "persistence": "CASE c.relpersistence WHEN 'u' THEN 'unlogged' END",
        "row security": "CASE WHEN c.relrowsecurity THEN 'enabled' END",
        "force row security": "CASE WHEN c.relforcerowsecurity THEN 'enabled' END",
        "replica identity": """CASE c.relreplident WHEN 'f' THEN 'full' WHEN 'i' THEN 'index'
            WHEN 'n' THEN CASE WHEN c.relkind IN ('r', 'p', 'm') THEN 'nothing' END END""",
        "options": option_list("c.reloptions"),
        "toast options": case_when("c.reltoastrelid <> 0", option_list(_TOAST_OPTIONS)),
        "access method": case_when(f"c.relam NOT IN (0, {_HEAP})", _METHOD),
        "tablespace": tablespace_name("c.reltablespace"),
        "of type": type_name("c.reloftype"),
        "partitioned by": case_when("c.relkind = 'p'", "pg_get_partkeydef(c.oid)"),
        PARTITION_BOUND: case_when("c.relispartition", "pg_get_expr(c.relpartbound, c.oid)"),
        "definition": case_when("c.relkind IN ('v', 'm')", "pg_get_viewdef(c.oid)"),
        "populated": case_when(
            "c.relkind = 'm'", "CASE WHEN c.relispopulated THEN 'yes' ELSE 'no' END"
        ),
        "server": case_when("c.relkind = 'f'", _SERVER),
        "foreign options": case_when("c.relkind = 'f'", option_list(_FOREIGN_OPTIONS)),
    },
    source=f"pg_class AS c\nWHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {is_user_made('c.oid')}",
)

REPLICA_INDEX = AttributeQuery(
    catalogs=("pg_class",),
    attribute="replica identity",
    catalog="'pg_class'",
    oid="i.indrelid",
    value="'index ' || quote_ident(k.relname)",
    source=f"""pg_index AS i
JOIN pg_class AS k ON k.oid = i.indexrelid
JOIN pg_class AS c ON c.oid = i.indrelid AND c.relreplident = 'i'
WHERE i.indisreplident AND {is_user_made("i.indexrelid")}""",
)

INHERITS = AttributeQuery(
    catalogs=("pg_class",),
    attribute="(inherits)",
    catalog="'pg_class'",
    oid="h.inhrelid",
    sub="h.inhseqno",
    value="h.inhparent",
    source="pg_inherits AS h",
)
"""The OIDs of the parents of tables, partitions and their indexes, in order."""
