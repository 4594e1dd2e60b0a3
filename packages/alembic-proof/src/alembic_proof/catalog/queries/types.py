"""Enums, domains, composite types and ranges."""

from __future__ import annotations

from alembic_proof.catalog.queries.frame import (
    collation_name,
    function_name,
    identity,
    is_user_made,
)
from alembic_proof.catalog.select import Select, scope

_VALUES = """(SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
    FROM pg_enum AS e WHERE e.enumtypid = y.oid)"""

TYPES = Select(
    reads="pg_type",
    manual="catalog-pg-type",
    kinds=("enum", "domain", "composite type", "range"),
    kind="""CASE y.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain'
        WHEN 'c' THEN 'composite type' ELSE 'range' END""",
    name="quote_ident(y.typname)",
    oid="y.oid",
    links=(scope("pg_namespace", "y.typnamespace"),),
    owner="pg_get_userbyid(y.typowner)",
    acl="coalesce(y.typacl, acldefault('T', y.typowner))",
    facts={
        "owner": "pg_get_userbyid(y.typowner)",
        "values": f"CASE WHEN y.typtype = 'e' THEN coalesce({_VALUES}, '') END",
        "type": "CASE WHEN y.typtype = 'd' THEN format_type(y.typbasetype, y.typtypmod) END",
        "collation": f"""CASE WHEN y.typtype = 'd' AND y.typcollation <> b.typcollation
            THEN {collation_name("y.typcollation")} END""",
        "default": "CASE WHEN y.typtype = 'd' THEN pg_get_expr(y.typdefaultbin, 0) END",
        "nullability": """CASE WHEN y.typtype = 'd' THEN
            CASE WHEN y.typnotnull THEN 'NOT NULL' ELSE 'NULL' END END""",
        "subtype": "format_type(g.rngsubtype, NULL)",
        "subtype collation": f"""CASE WHEN g.rngcollation <> 0
            THEN {collation_name("g.rngcollation")} END""",
        "subtype operator class": f"""CASE WHEN g.rngsubopc <> 0
            THEN split_part({identity("pg_opclass", "g.rngsubopc")}, ' USING ', 1) END""",
        "canonical": function_name("g.rngcanonical"),
        "subtype difference": function_name("g.rngsubdiff"),
        "multirange": "format_type(g.rngmultitypid, NULL)",
    },
    source=f"""pg_type AS y
LEFT JOIN pg_type AS b ON b.oid = y.typbasetype
LEFT JOIN pg_range AS g ON g.rngtypid = y.oid
LEFT JOIN pg_class AS k ON k.oid = y.typrelid
WHERE y.typtype IN ('e', 'd', 'c', 'r') AND (y.typtype <> 'c' OR k.relkind = 'c')
    AND {is_user_made("pg_type", "y.oid")}""",
)
