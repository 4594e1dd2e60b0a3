"""The database itself, schemas and extensions."""

from __future__ import annotations

from alembic_proof.catalog.queries.object_query import Link, ObjectQuery
from alembic_proof.catalog.queries.sql_fragments import is_user_made

_SETTINGS = """(SELECT string_agg(quote_literal(CASE WHEN s.setrole = 0 THEN ''
    ELSE 'role ' || quote_ident(pg_get_userbyid(s.setrole)) || ': ' END || o), ', '
    ORDER BY pg_get_userbyid(s.setrole), o COLLATE "C")
    FROM pg_db_role_setting AS s, unnest(s.setconfig) AS o WHERE s.setdatabase = b.oid)"""

DATABASE = ObjectQuery(
    reads="pg_database",
    manual="catalog-pg-database",
    kinds=("database",),
    name="'current'",
    oid="b.oid",
    owner="pg_get_userbyid(b.datdba)",
    acl="coalesce(b.datacl, acldefault('d', b.datdba))",
    facts={
        "settings": _SETTINGS,
        "comment": "shobj_description(b.oid, 'pg_database')",
    },
    source="pg_database AS b\nWHERE b.datname = current_database()",
)

_IS_OURS = f"n.nspname = 'public' OR {is_user_made('n.oid')}"

SCHEMAS = ObjectQuery(
    reads="pg_namespace",
    manual="catalog-pg-namespace",
    kinds=("schema",),
    name="quote_ident(n.nspname)",
    oid="n.oid",
    implicit=f"NOT ({_IS_OURS})",
    owner="pg_get_userbyid(n.nspowner)",
    acl=f"CASE WHEN {_IS_OURS} THEN coalesce(n.nspacl, acldefault('n', n.nspowner)) END",
    facts={"owner": f"CASE WHEN {_IS_OURS} THEN pg_get_userbyid(n.nspowner) END"},
    source="pg_namespace AS n\nWHERE n.nspname !~ '^pg_(toast|temp)'",
)

EXTENSIONS = ObjectQuery(
    reads="pg_extension",
    manual="catalog-pg-extension",
    kinds=("extension",),
    name="quote_ident(e.extname)",
    oid="e.oid",
    links=(Link("parent", "pg_namespace", "e.extnamespace"),),
    facts={
        "owner": f"CASE WHEN {is_user_made('e.oid')} THEN pg_get_userbyid(e.extowner) END",
        "schema": "quote_ident(n.nspname)",
        "version": "e.extversion",
    },
    source="pg_extension AS e\nJOIN pg_namespace AS n ON n.oid = e.extnamespace",
)
