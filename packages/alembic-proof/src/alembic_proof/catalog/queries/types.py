"""Enums, domains, composite types, ranges and base types."""

from __future__ import annotations

from alembic_proof.catalog.queries.object_query import Link, ObjectQuery
from alembic_proof.catalog.queries.sql_fragments import (
    case_when,
    collation_name,
    function_name,
    identity,
    is_user_made,
    type_name,
    yes_if,
)

_VALUES = """coalesce((SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
    FROM pg_enum AS e WHERE e.enumtypid = y.oid), '')"""
_BASE_COLLATION = "(SELECT b.typcollation FROM pg_type AS b WHERE b.oid = y.typbasetype)"
_SUBTYPE_COLLATION = "(SELECT b.typcollation FROM pg_type AS b WHERE b.oid = g.rngsubtype)"
_OPERATOR_CLASS = f"""(SELECT split_part({identity("pg_opclass", "k.oid")}, ' USING ', 1)
    FROM pg_opclass AS k WHERE k.oid = g.rngsubopc AND NOT k.opcdefault)"""
_IS_DOMAIN = "y.typtype = 'd'"


def _of_range(expression: str) -> str:
    return case_when(
        "y.typtype = 'r'", f"(SELECT {expression} FROM pg_range AS g WHERE g.rngtypid = y.oid)"
    )


TYPES = ObjectQuery(
    reads="pg_type",
    manual="catalog-pg-type",
    kinds=("enum", "domain", "composite type", "range"),
    kind="""CASE y.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain'
        WHEN 'c' THEN 'composite type' ELSE 'range' END""",
    name="quote_ident(y.typname)",
    oid="y.oid",
    links=(Link("qualifier", "pg_namespace", "y.typnamespace"),),
    owner="pg_get_userbyid(y.typowner)",
    acl="coalesce(y.typacl, acldefault('T', y.typowner))",
    facts={
        "owner": "pg_get_userbyid(y.typowner)",
        "values": case_when("y.typtype = 'e'", _VALUES),
        "type": case_when(_IS_DOMAIN, "format_type(y.typbasetype, y.typtypmod)"),
        "collation": case_when(
            f"{_IS_DOMAIN} AND y.typcollation <> {_BASE_COLLATION}",
            collation_name("y.typcollation"),
        ),
        "default": case_when(_IS_DOMAIN, "pg_get_expr(y.typdefaultbin, 0)"),
        "nullability": case_when(
            _IS_DOMAIN, "CASE WHEN y.typnotnull THEN 'NOT NULL' ELSE 'NULL' END"
        ),
        "subtype": _of_range("format_type(g.rngsubtype, NULL)"),
        "subtype collation": _of_range(
            case_when(f"g.rngcollation <> {_SUBTYPE_COLLATION}", collation_name("g.rngcollation"))
        ),
        "subtype operator class": _of_range(_OPERATOR_CLASS),
        "canonical": _of_range(function_name("g.rngcanonical")),
        "subtype difference": _of_range(function_name("g.rngsubdiff")),
        "multirange": _of_range("format_type(g.rngmultitypid, NULL)"),
    },
    source=f"""pg_type AS y
WHERE y.typtype IN ('e', 'd', 'c', 'r') AND {is_user_made("y.oid")}
    AND (y.typtype <> 'c'
        OR (SELECT k.relkind FROM pg_class AS k WHERE k.oid = y.typrelid) = 'c')""",
)

BASE_TYPES = ObjectQuery(
    reads="pg_type",
    manual="catalog-pg-type",
    kinds=("type",),
    name=identity("pg_type", "o.oid"),
    oid="o.oid",
    links=(Link("parent", "pg_namespace", "o.typnamespace"),),
    owner="pg_get_userbyid(o.typowner)",
    acl="coalesce(o.typacl, acldefault('T', o.typowner))",
    facts={
        "owner": "pg_get_userbyid(o.typowner)",
        "input": function_name("o.typinput"),
        "output": function_name("o.typoutput"),
        "receive": function_name("o.typreceive"),
        "send": function_name("o.typsend"),
        "modifier input": function_name("o.typmodin"),
        "modifier output": function_name("o.typmodout"),
        "analyze": function_name("o.typanalyze"),
        "subscript": function_name("o.typsubscript"),
        "length": "o.typlen",
        "passed by value": yes_if("o.typbyval"),
        "alignment": "o.typalign",
        "storage": "o.typstorage",
        "category": "o.typcategory",
        "preferred": yes_if("o.typispreferred"),
        "default": "o.typdefault",
        "element": type_name("o.typelem"),
        "delimiter": "o.typdelim",
        "collatable": yes_if("o.typcollation <> 0"),
        "defined": "CASE WHEN NOT o.typisdefined THEN 'no' END",
    },
    source=f"""pg_type AS o
WHERE o.typtype IN ('b', 'p') AND {is_user_made("o.oid")}
    AND NOT EXISTS (SELECT FROM pg_type AS element WHERE element.typarray = o.oid)""",
)
