"""Privileges on what initdb and extensions made, where they are no longer the initial ones."""

from __future__ import annotations

from alembic_proof.catalog.queries.frame import FIRST_USER_OID
from alembic_proof.catalog.select import Select

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

BUILT_IN = Select(
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
"""Such an object says nothing while its privileges are the initial ones.

Of initdb's tables and schemas only those whose initial privileges it noted: it made
information_schema afterwards.
"""
