"""Row security policies, default privileges, and changed privileges on objects of initdb and extensions."""

from __future__ import annotations

from alembic_proof.catalog.queries.object_query import Link, ObjectQuery
from alembic_proof.catalog.queries.sql_fragments import FIRST_USER_OID

POLICIES = ObjectQuery(
    reads="pg_policy",
    manual="catalog-pg-policy",
    kinds=("policy",),
    name="quote_ident(p.polname)",
    oid="p.oid",
    links=(Link("qualifier", "pg_class", "p.polrelid"),),
    facts={
        "permissive": "CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END",
        "command": """CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT'
            WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END""",
        "roles": """CASE WHEN p.polroles = '{0}' THEN 'PUBLIC' ELSE (SELECT string_agg(
            quote_ident(pg_get_userbyid(o)), ', ' ORDER BY pg_get_userbyid(o))
            FROM unnest(p.polroles) AS o) END""",
        "using": "pg_get_expr(p.polqual, p.polrelid)",
        "with check": "pg_get_expr(p.polwithcheck, p.polrelid)",
    },
    source="pg_policy AS p",
)

_ACLS = {
    "pg_class": ("relacl", "relkind IN ('r', 'v', 'm', 'f', 'p', 'S')"),
    "pg_namespace": ("nspacl", "nspname <> 'public'"),
    "pg_proc": ("proacl", "true"),
    "pg_type": ("typacl", "true"),
    "pg_language": ("lanacl", "true"),
}
_HAVING = "\n    UNION ALL ".join(
    f"SELECT '{catalog}'::regclass AS catalog, oid, {acl} AS acl"
    f" FROM {catalog} WHERE {acl} IS NOT NULL AND {condition}"
    for catalog, (acl, condition) in _ACLS.items()
)

BUILT_IN = ObjectQuery(
    reads="pg_init_privs",
    manual="catalog-pg-init-privs",
    kinds=("built-in object",),
    name="(SELECT i.type || ' ' || i.identity FROM pg_identify_object(o.catalog, o.oid, 0) AS i)",
    oid="o.oid",
    implicit="true",
    facts={"privileges": "array_to_string(o.acl, ', ')"},
    source=f"""(
    {_HAVING}
) AS o
LEFT JOIN pg_init_privs AS p
    ON p.objoid = o.oid AND p.classoid = o.catalog AND p.objsubid = 0
WHERE p.initprivs IS DISTINCT FROM o.acl AND (o.oid < {FIRST_USER_OID}
    AND (p.initprivs IS NOT NULL OR o.catalog NOT IN
        ('pg_class'::regclass, 'pg_namespace'::regclass))
    OR EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = o.catalog AND d.objid = o.oid
        AND d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass))""",
)
"""Objects of initdb and of extensions whose privileges are not the initial ones.

Of initdb's tables and schemas only those in pg_init_privs are read: information_schema is created
after initdb has filled it.
"""

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

DEFAULT_PRIVILEGES = ObjectQuery(
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
"""Default privileges of a schema add to the built-in ones; those of the database replace them."""
