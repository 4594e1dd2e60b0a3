"""The database itself, schemas, extensions and default privileges."""

from __future__ import annotations

from alembic_proof.catalog.queries.frame import is_users
from alembic_proof.catalog.select import Link, Select

_SETTINGS = """(SELECT string_agg(quote_literal(CASE WHEN s.setrole = 0 THEN ''
    ELSE 'role ' || quote_ident(pg_get_userbyid(s.setrole)) || ': ' END || o), ', '
    ORDER BY pg_get_userbyid(s.setrole), o COLLATE "C")
    FROM pg_db_role_setting AS s, unnest(s.setconfig) AS o WHERE s.setdatabase = b.oid)"""

DATABASE = Select(
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

_IS_OURS = f"n.nspname = 'public' OR {is_users('n.oid')}"

SCHEMAS = Select(
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

EXTENSIONS = Select(
    reads="pg_extension",
    manual="catalog-pg-extension",
    kinds=("extension",),
    name="quote_ident(e.extname)",
    oid="e.oid",
    links=(Link("parent", "pg_namespace", "e.extnamespace"),),
    facts={
        "owner": f"CASE WHEN {is_users('e.oid')} THEN pg_get_userbyid(e.extowner) END",
        "schema": "quote_ident(n.nspname)",
        "version": "e.extversion",
    },
    source="pg_extension AS e\nJOIN pg_namespace AS n ON n.oid = e.extnamespace",
)

_OBJECTS = """CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences'
    WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas'
    ELSE 'large objects' END"""

_BUILT_IN = """CASE WHEN d.defaclnamespace = 0 THEN
    acldefault(CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END, d.defaclrole) END"""
_GRANTED = f"""ARRAY(SELECT unnest(d.defaclacl::text[]) EXCEPT SELECT unnest(({_BUILT_IN})::text[])
    ORDER BY 1)"""
_REVOKED = f"""(SELECT string_agg(x.privilege_type || ' from ' || CASE x.grantee
        WHEN 0 THEN 'PUBLIC' WHEN d.defaclrole THEN '(owner)'
        ELSE quote_ident(pg_get_userbyid(x.grantee)) END, ', ' ORDER BY x.privilege_type)
    FROM (SELECT grantee, privilege_type FROM aclexplode({_BUILT_IN})
        EXCEPT SELECT grantee, privilege_type FROM aclexplode(d.defaclacl)) AS x)"""

DEFAULT_PRIVILEGES = Select(
    reads="pg_default_acl",
    manual="catalog-pg-default-acl",
    kinds=("default privileges",),
    name=f"""'for role ' || quote_ident(pg_get_userbyid(d.defaclrole))
        || coalesce(' in schema ' || quote_ident(n.nspname), '') || ' on ' || {_OBJECTS}""",
    oid="d.oid",
    links=(Link("parent", "pg_namespace", "d.defaclnamespace"),),
    implicit="true",
    owner="pg_get_userbyid(d.defaclrole)",
    acl=_GRANTED,
    facts={"revoked": _REVOKED},
    source="pg_default_acl AS d\nLEFT JOIN pg_namespace AS n ON n.oid = d.defaclnamespace",
)
"""Those of a schema add to the built-in ones, those of the whole database replace them."""
