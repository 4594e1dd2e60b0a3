"""The database itself, schemas, extensions, languages and default privileges."""

from __future__ import annotations

from alembic_proof.catalog.queries.frame import FIRST_USER_OID, is_member
from alembic_proof.catalog.select import Select

SCHEMAS = Select(
    reads="pg_namespace",
    manual="catalog-pg-namespace",
    kind="'schema'",
    identity="s.name",
    oid="s.oid",
    owner="pg_get_userbyid(n.nspowner)::text",
    acl="coalesce(n.nspacl, acldefault('n', n.nspowner))",
    facts={"owner": "pg_get_userbyid(n.nspowner)::text"},
    source=f"""space AS s
JOIN pg_namespace AS n ON n.oid = s.oid
WHERE (n.oid >= {FIRST_USER_OID} OR n.nspname = 'public')
    AND NOT {is_member("pg_namespace", "n.oid")}""",
)

EXTENSIONS = Select(
    reads="pg_extension",
    manual="catalog-pg-extension",
    kind="'extension'",
    identity="quote_ident(e.extname)",
    oid="e.oid",
    parents=("'schema'", "s.name"),
    facts={
        "owner": f"CASE WHEN e.oid >= {FIRST_USER_OID} THEN pg_get_userbyid(e.extowner)::text END",
        "schema": "s.name",
        "version": "e.extversion",
    },
    source="pg_extension AS e\nJOIN space AS s ON s.oid = e.extnamespace",
)
