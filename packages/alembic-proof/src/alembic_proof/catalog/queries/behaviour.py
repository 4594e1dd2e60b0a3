"""Functions, triggers, event triggers, rules and policies."""

from __future__ import annotations

from alembic_proof.catalog.queries.frame import is_user_made
from alembic_proof.catalog.select import Select

_STATE = "WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END"

FUNCTIONS = Select(
    reads="pg_proc",
    manual="catalog-pg-proc",
    kind="CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END",
    identity="s.name || '.' || quote_ident(p.proname) || '(' || oidvectortypes(p.proargtypes) || ')'",
    oid="p.oid",
    parents=("'schema'", "s.name"),
    owner="pg_get_userbyid(p.proowner)::text",
    acl="coalesce(p.proacl, acldefault('f', p.proowner))",
    facts={
        "owner": "pg_get_userbyid(p.proowner)::text",
        "definition": "pg_get_functiondef(p.oid)",
    },
    source=f"""pg_proc AS p
JOIN space AS s ON s.oid = p.pronamespace
WHERE p.prokind <> 'a' AND {is_user_made("pg_proc", "p.oid")}
    AND NOT EXISTS (SELECT FROM pg_depend AS i WHERE i.classid = 'pg_proc'::regclass
        AND i.objid = p.oid AND i.deptype = 'i')""",
)

TRIGGERS = Select(
    reads="pg_trigger",
    manual="catalog-pg-trigger",
    kind="'trigger'",
    identity="r.identity || '.' || quote_ident(t.tgname)",
    oid="t.oid",
    parents=("r.kind", "r.identity"),
    origin=("'trigger'", "p.identity || '.' || quote_ident(u.tgname)"),
    implicit="t.tgparentid <> 0",
    facts={
        "definition": "CASE WHEN t.tgparentid = 0 THEN pg_get_triggerdef(t.oid) END",
        "enabled": f"CASE t.tgenabled {_STATE}",
    },
    source="""relation AS r
JOIN pg_trigger AS t ON t.tgrelid = r.oid AND NOT t.tgisinternal
LEFT JOIN pg_trigger AS u ON u.oid = t.tgparentid
LEFT JOIN relation AS p ON p.oid = u.tgrelid""",
)

EVENT_TRIGGERS = Select(
    reads="pg_event_trigger",
    manual="catalog-pg-event-trigger",
    kind="'event trigger'",
    identity="quote_ident(e.evtname)",
    oid="e.oid",
    facts={
        "owner": "pg_get_userbyid(e.evtowner)::text",
        "event": "e.evtevent::text",
        "function": "s.name || '.' || quote_ident(p.proname)",
        "tags": "array_to_string(e.evttags, ', ')",
        "enabled": f"CASE e.evtenabled {_STATE}",
    },
    source=f"""pg_event_trigger AS e
JOIN pg_proc AS p ON p.oid = e.evtfoid
JOIN space AS s ON s.oid = p.pronamespace
WHERE {is_user_made("pg_event_trigger", "e.oid")}""",
)

RULES = Select(
    reads="pg_rewrite",
    manual="catalog-pg-rewrite",
    kind="'rule'",
    identity="r.identity || '.' || quote_ident(w.rulename)",
    oid="w.oid",
    parents=("r.kind", "r.identity"),
    facts={"definition": "pg_get_ruledef(w.oid)", "enabled": f"CASE w.ev_enabled {_STATE}"},
    source="""relation AS r
JOIN pg_rewrite AS w ON w.ev_class = r.oid
WHERE w.ev_type <> '1'""",
)

POLICIES = Select(
    reads="pg_policy",
    manual="catalog-pg-policy",
    kind="'policy'",
    identity="r.identity || '.' || quote_ident(p.polname)",
    oid="p.oid",
    parents=("r.kind", "r.identity"),
    facts={
        "permissive": "CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END",
        "command": """CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT'
            WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END""",
        "roles": """CASE WHEN p.polroles = '{0}' THEN 'PUBLIC' ELSE (SELECT string_agg(
            CASE WHEN o = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(o)) END, ', '
            ORDER BY pg_get_userbyid(o)) FROM unnest(p.polroles) AS o) END""",
        "using": "pg_get_expr(p.polqual, p.polrelid)",
        "with check": "pg_get_expr(p.polwithcheck, p.polrelid)",
    },
    source="relation AS r\nJOIN pg_policy AS p ON p.polrelid = r.oid",
)
