"""Enums, domains, composite types and ranges."""

from __future__ import annotations

from alembic_proof.catalog.queries.frame import (
    collation_name,
    function_name,
    identity,
    is_users,
    only,
)
from alembic_proof.catalog.select import Link, Select

_VALUES = """coalesce((SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
    FROM pg_enum AS e WHERE e.enumtypid = y.oid), '')"""
_BASE_COLLATION = "(SELECT b.typcollation FROM pg_type AS b WHERE b.oid = y.typbasetype)"
_SUBTYPE_COLLATION = "(SELECT b.typcollation FROM pg_type AS b WHERE b.oid = g.rngsubtype)"
_OPERATOR_CLASS = f"""(SELECT split_part({identity("pg_opclass", "k.oid")}, ' USING ', 1)
    FROM pg_opclass AS k WHERE k.oid = g.rngsubopc AND NOT k.opcdefault)"""
_IS_DOMAIN = "y.typtype = 'd'"


def _of_range(expression: str) -> str:
    return only(
        "y.typtype = 'r'", f"(SELECT {expression} FROM pg_range AS g WHERE g.rngtypid = y.oid)"
    )


TYPES = Select(
    reads="pg_type",
    manual="catalog-pg-type",
    kinds=("enum", "domain", "composite type", "range"),
    kind="""CASE y.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain'
        WHEN 'c' THEN 'composite type' ELSE 'range' END""",
    name="quote_ident(y.typname)",
    oid="y.oid",
    links=(Link("scope", "pg_namespace", "y.typnamespace"),),
    owner="pg_get_userbyid(y.typowner)",
    acl="coalesce(y.typacl, acldefault('T', y.typowner))",
    facts={
        "owner": "pg_get_userbyid(y.typowner)",
        "values": only("y.typtype = 'e'", _VALUES),
        "type": only(_IS_DOMAIN, "format_type(y.typbasetype, y.typtypmod)"),
        "collation": only(
            f"{_IS_DOMAIN} AND y.typcollation <> {_BASE_COLLATION}",
            collation_name("y.typcollation"),
        ),
        "default": only(_IS_DOMAIN, "pg_get_expr(y.typdefaultbin, 0)"),
        "nullability": only(_IS_DOMAIN, "CASE WHEN y.typnotnull THEN 'NOT NULL' ELSE 'NULL' END"),
        "subtype": _of_range("format_type(g.rngsubtype, NULL)"),
        "subtype collation": _of_range(
            only(f"g.rngcollation <> {_SUBTYPE_COLLATION}", collation_name("g.rngcollation"))
        ),
        "subtype operator class": _of_range(_OPERATOR_CLASS),
        "canonical": _of_range(function_name("g.rngcanonical")),
        "subtype difference": _of_range(function_name("g.rngsubdiff")),
        "multirange": _of_range("format_type(g.rngmultitypid, NULL)"),
    },
    source=f"""pg_type AS y
WHERE y.typtype IN ('e', 'd', 'c', 'r') AND {is_users("y.oid")}
    AND (y.typtype <> 'c'
        OR (SELECT k.relkind FROM pg_class AS k WHERE k.oid = y.typrelid) = 'c')""",
)
