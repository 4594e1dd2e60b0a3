"""Enums, domains, composite types and ranges."""

from __future__ import annotations

from alembic_proof.catalog.queries.frame import is_user_made
from alembic_proof.catalog.select import Select

_NAME = "s.name || '.' || quote_ident(y.typname)"

TYPES = Select(
    reads="pg_type",
    manual="catalog-pg-type",
    kind="CASE y.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'c' THEN 'composite type'"
    " WHEN 'r' THEN 'range' ELSE 'type' END",
    identity=_NAME,
    oid="y.oid",
    parents=("'schema'", "s.name"),
    owner="pg_get_userbyid(y.typowner)::text",
    acl="coalesce(y.typacl, acldefault('T', y.typowner))",
    facts={
        "owner": "pg_get_userbyid(y.typowner)::text",
        "values": """CASE WHEN y.typtype = 'e' THEN
            (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
            FROM pg_enum AS e WHERE e.enumtypid = y.oid) END""",
        "type": "CASE WHEN y.typtype = 'd' THEN format_type(y.typbasetype, y.typtypmod) END",
        "collation": "CASE WHEN y.typtype = 'd' AND y.typcollation <> b.typcollation THEN c.identity END",
        "default": "CASE WHEN y.typtype = 'd' THEN y.typdefault END",
        "nullability": "CASE WHEN y.typtype = 'd' THEN"
        " CASE WHEN y.typnotnull THEN 'NOT NULL' ELSE 'NULL' END END",
        "subtype": "format_type(g.rngsubtype, NULL)",
        "subtype collation": "gc.identity",
        "subtype operator class": "go.identity",
        "canonical": "nullif(g.rngcanonical, 0)::regproc::text",
        "subtype difference": "nullif(g.rngsubdiff, 0)::regproc::text",
        "multirange": "format_type(g.rngmultitypid, NULL)",
    },
    source=f"""pg_type AS y
JOIN space AS s ON s.oid = y.typnamespace
LEFT JOIN pg_type AS b ON b.oid = y.typbasetype
LEFT JOIN sorting AS c ON c.oid = y.typcollation AND y.typtype = 'd'
LEFT JOIN pg_range AS g ON g.rngtypid = y.oid
LEFT JOIN sorting AS gc ON gc.oid = g.rngcollation
LEFT JOIN (
    SELECT o.oid, os.name || '.' || quote_ident(o.opcname) AS identity
    FROM pg_opclass AS o JOIN space AS os ON os.oid = o.opcnamespace
) AS go ON go.oid = g.rngsubopc
LEFT JOIN pg_class AS k ON k.oid = y.typrelid
WHERE {is_user_made("pg_type", "y.oid")}
    AND y.typtype IN ('e', 'd', 'c', 'r')
    AND (y.typtype <> 'c' OR k.relkind = 'c')""",
)
