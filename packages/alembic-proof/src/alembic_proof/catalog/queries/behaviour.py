"""Functions, triggers, event triggers, rules and policies."""

from __future__ import annotations

from alembic_proof.catalog.queries.frame import (
    function_name,
    is_by_itself,
    is_users,
    operator_name,
)
from alembic_proof.catalog.select import Link, Select

_STATE = "WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END"

_SIGNATURE = "quote_ident(p.proname) || '(' || oidvectortypes(p.proargtypes) || ')'"
_BY_HAND = f"{is_users('p.oid')} AND {is_by_itself('pg_proc', 'p.oid')}"
"""CREATE TYPE … AS RANGE makes functions of its own; they go with the type."""

FUNCTIONS = Select(
    reads="pg_proc",
    manual="catalog-pg-proc",
    kinds=("function", "procedure"),
    kind="CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END",
    name=_SIGNATURE,
    oid="p.oid",
    links=(Link("scope", "pg_namespace", "p.pronamespace"),),
    owner="pg_get_userbyid(p.proowner)",
    acl="coalesce(p.proacl, acldefault('f', p.proowner))",
    facts={
        "owner": "pg_get_userbyid(p.proowner)",
        "definition": "pg_get_functiondef(p.oid)",
    },
    source=f"pg_proc AS p\nWHERE p.prokind <> 'a' AND {_BY_HAND}",
)

_KIND_OF_AGGREGATE = (
    "CASE g.aggkind WHEN 'n' THEN NULL WHEN 'o' THEN 'ordered-set' ELSE 'hypothetical' END"
)
_MODIFY = "WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' WHEN 'w' THEN 'READ_WRITE' END"

AGGREGATES = Select(
    reads="pg_proc",
    manual="catalog-pg-aggregate",
    kinds=("aggregate",),
    name=_SIGNATURE,
    oid="p.oid",
    links=(Link("scope", "pg_namespace", "p.pronamespace"),),
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
WHERE {_BY_HAND}""",
)

TRIGGERS = Select(
    reads="pg_trigger",
    manual="catalog-pg-trigger",
    kinds=("trigger",),
    name="quote_ident(t.tgname)",
    oid="t.oid",
    links=(Link("scope", "pg_class", "t.tgrelid"), Link("origin", "pg_trigger", "t.tgparentid")),
    implicit="t.tgparentid <> 0",
    facts={
        "definition": "CASE WHEN t.tgparentid = 0 THEN pg_get_triggerdef(t.oid) END",
        "enabled": f"CASE t.tgenabled {_STATE}",
    },
    source=f"pg_trigger AS t\nWHERE NOT t.tgisinternal AND {is_users('t.oid')}",
)

EVENT_TRIGGERS = Select(
    reads="pg_event_trigger",
    manual="catalog-pg-event-trigger",
    kinds=("event trigger",),
    name="quote_ident(e.evtname)",
    oid="e.oid",
    facts={
        "owner": "pg_get_userbyid(e.evtowner)",
        "event": "e.evtevent",
        "function": function_name("e.evtfoid"),
        "tags": """(SELECT string_agg(quote_literal(tag), ', ' ORDER BY tag COLLATE "C")
            FROM unnest(e.evttags) AS tag)""",
        "enabled": f"CASE e.evtenabled {_STATE}",
    },
    source=f"pg_event_trigger AS e\nWHERE {is_users('e.oid')}",
)

RULES = Select(
    reads="pg_rewrite",
    manual="catalog-pg-rewrite",
    kinds=("rule",),
    name="quote_ident(w.rulename)",
    oid="w.oid",
    links=(Link("scope", "pg_class", "w.ev_class"),),
    facts={"definition": "pg_get_ruledef(w.oid)", "enabled": f"CASE w.ev_enabled {_STATE}"},
    source=f"pg_rewrite AS w\nWHERE w.ev_type <> '1' AND {is_users('w.oid')}",
)

POLICIES = Select(
    reads="pg_policy",
    manual="catalog-pg-policy",
    kinds=("policy",),
    name="quote_ident(p.polname)",
    oid="p.oid",
    links=(Link("scope", "pg_class", "p.polrelid"),),
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
