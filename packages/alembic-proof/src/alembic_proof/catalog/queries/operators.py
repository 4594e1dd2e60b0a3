"""Operators, operator classes and families, casts and access methods."""

from __future__ import annotations

from alembic_proof.catalog.queries.object_query import Link, query_by_identity
from alembic_proof.catalog.queries.sql_fragments import (
    function_name,
    identity,
    operator_name,
    signature,
    type_name,
    yes_if,
)

_OPERATORS = """(SELECT string_agg(e.amopstrategy || ' ' || e.amopopr::regoperator
        || CASE WHEN e.amopsortfamily <> 0 THEN ' for order by' ELSE '' END, ', '
        ORDER BY e.amoplefttype, e.amoprighttype, e.amopstrategy)
    FROM pg_amop AS e WHERE e.amopfamily = o.oid)"""
_FUNCTIONS = """(SELECT string_agg(e.amprocnum || ' ' || e.amproc::regprocedure, ', '
        ORDER BY e.amproclefttype, e.amprocrighttype, e.amprocnum)
    FROM pg_amproc AS e WHERE e.amprocfamily = o.oid)"""
_CLASS_OF_FAMILY = """(SELECT k.oid FROM pg_opclass AS k
    WHERE k.opcfamily = o.oid AND k.opcname = o.opfname AND k.opcnamespace = o.opfnamespace)"""
OPERATORS = query_by_identity(
    "operator",
    reads="pg_operator",
    prefix="opr",
    facts={
        "left type": type_name("o.oprleft"),
        "right type": type_name("o.oprright"),
        "function": function_name("o.oprcode"),
        "result": type_name("o.oprresult"),
        "commutator": operator_name("o.oprcom"),
        "negator": operator_name("o.oprnegate"),
        "restriction": function_name("o.oprrest"),
        "join": function_name("o.oprjoin"),
        "merges": yes_if("o.oprcanmerge"),
        "hashes": yes_if("o.oprcanhash"),
    },
)

OPERATOR_CLASSES = query_by_identity(
    "operator class",
    reads="pg_opclass",
    prefix="opc",
    facts={
        "family": identity("pg_opfamily", "o.opcfamily"),
        "input type": type_name("o.opcintype"),
        "key type": type_name("o.opckeytype"),
        "default": yes_if("o.opcdefault"),
    },
)

OPERATOR_FAMILIES = query_by_identity(
    "operator family",
    reads="pg_opfamily",
    prefix="opf",
    links=(Link("parent", "pg_opclass", _CLASS_OF_FAMILY),),
    implicit=f"{_CLASS_OF_FAMILY} IS NOT NULL",
    facts={"operators": _OPERATORS, "functions": _FUNCTIONS},
)

CASTS = query_by_identity(
    "cast",
    reads="pg_cast",
    facts={
        "function": signature("o.castfunc"),
        "method": "CASE o.castmethod WHEN 'i' THEN 'in and out' WHEN 'b' THEN 'binary' END",
        "context": """CASE o.castcontext WHEN 'e' THEN 'explicit' WHEN 'a' THEN 'assignment'
            ELSE 'implicit' END""",
    },
    links=(
        Link("parent", "pg_type", "o.castsource"),
        Link("parent", "pg_type", "o.casttarget"),
    ),
)

ACCESS_METHODS = query_by_identity(
    "access method",
    reads="pg_am",
    facts={"handler": function_name("o.amhandler"), "type": "o.amtype"},
)
