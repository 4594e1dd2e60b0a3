"""Functions, procedures, aggregates, languages and transforms."""

from __future__ import annotations

from alembic_proof.catalog.queries.object_query import Link, ObjectQuery, query_by_identity
from alembic_proof.catalog.queries.sql_fragments import (
    function_name,
    is_independent,
    is_user_made,
    operator_name,
    signature,
    yes_if,
)

_SIGNATURE = "quote_ident(p.proname) || '(' || oidvectortypes(p.proargtypes) || ')'"
_IS_USER_MADE = f"{is_user_made('p.oid')} AND {is_independent('pg_proc', 'p.oid')}"
"""Without the functions that CREATE TYPE … AS RANGE makes."""

FUNCTIONS = ObjectQuery(
    reads="pg_proc",
    manual="catalog-pg-proc",
    kinds=("function", "procedure"),
    kind="CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END",
    name=_SIGNATURE,
    oid="p.oid",
    links=(Link("qualifier", "pg_namespace", "p.pronamespace"),),
    owner="pg_get_userbyid(p.proowner)",
    acl="coalesce(p.proacl, acldefault('f', p.proowner))",
    facts={
        "owner": "pg_get_userbyid(p.proowner)",
        "definition": "pg_get_functiondef(p.oid)",
    },
    source=f"pg_proc AS p\nWHERE p.prokind <> 'a' AND {_IS_USER_MADE}",
)

_KIND_OF_AGGREGATE = (
    "CASE g.aggkind WHEN 'n' THEN NULL WHEN 'o' THEN 'ordered-set' ELSE 'hypothetical' END"
)
_MODIFY = "WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' WHEN 'w' THEN 'READ_WRITE' END"

AGGREGATES = ObjectQuery(
    reads="pg_proc",
    manual="catalog-pg-aggregate",
    kinds=("aggregate",),
    name=_SIGNATURE,
    oid="p.oid",
    links=(Link("qualifier", "pg_namespace", "p.pronamespace"),),
    owner="pg_get_userbyid(p.proowner)",
    acl="coalesce(p.proacl, acldefault('f', p.proowner))",
    facts={
        "owner": "pg_get_userbyid(p.proowner)",
        "arguments": "pg_get_function_arguments(p.oid)",
        "kind": _KIND_OF_AGGREGATE,
        "state function": function_name("g.aggtransfn"),
        "state type": "format_type(g.aggtranstype, NULL)",
        "state size": "nullif(g.aggtransspace, 0)",
        "final function": function_name("g.aggfinalfn"),
        "final function gets all arguments": "CASE WHEN g.aggfinalextra THEN 'yes' END",
        "final function modifies": f"CASE g.aggfinalmodify {_MODIFY}",
        "combine function": function_name("g.aggcombinefn"),
        "serialize function": function_name("g.aggserialfn"),
        "deserialize function": function_name("g.aggdeserialfn"),
        "initial value": "quote_literal(g.agginitval)",
        "moving state function": function_name("g.aggmtransfn"),
        "moving inverse function": function_name("g.aggminvtransfn"),
        "moving state type": "CASE WHEN g.aggmtranstype <> 0 THEN format_type(g.aggmtranstype, NULL) END",
        "moving state size": "nullif(g.aggmtransspace, 0)",
        "moving final function": function_name("g.aggmfinalfn"),
        "moving final function gets all arguments": "CASE WHEN g.aggmfinalextra THEN 'yes' END",
        "moving final function modifies": f"CASE g.aggmfinalmodify {_MODIFY}",
        "moving initial value": "quote_literal(g.aggminitval)",
        "sort operator": operator_name("g.aggsortop"),
        "parallel": "CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' END",
    },
    source=f"""pg_proc AS p
JOIN pg_aggregate AS g ON g.aggfnoid = p.oid
WHERE {_IS_USER_MADE}""",
)

_TRANSFORM = """'for ' || format_type(o.trftype, NULL) || ' language ' ||
    (SELECT quote_ident(l.lanname) FROM pg_language AS l WHERE l.oid = o.trflang)"""
"""The name as in CREATE TRANSFORM; pg_identify_object's name differs between 15 and 18."""

LANGUAGES = query_by_identity(
    "language",
    reads="pg_language",
    prefix="lan",
    acl="coalesce(o.lanacl, acldefault('l', o.lanowner))",
    facts={
        "handler": function_name("o.lanplcallfoid"),
        "inline handler": function_name("o.laninline"),
        "validator": function_name("o.lanvalidator"),
        "trusted": yes_if("o.lanpltrusted"),
    },
)

TRANSFORMS = query_by_identity(
    "transform",
    reads="pg_transform",
    name=_TRANSFORM,
    facts={
        "from SQL": signature("o.trffromsql"),
        "to SQL": signature("o.trftosql"),
    },
)
