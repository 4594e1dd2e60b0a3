"""Triggers, event triggers and rules."""

from __future__ import annotations

from alembic_proof.catalog.queries.object_query import Link, ObjectQuery
from alembic_proof.catalog.queries.sql_fragments import function_name, is_user_made

_STATE = "WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END"

TRIGGERS = ObjectQuery(
    reads="pg_trigger",
    manual="catalog-pg-trigger",
    kinds=("trigger",),
    name="quote_ident(t.tgname)",
    oid="t.oid",
    links=(
        Link("qualifier", "pg_class", "t.tgrelid"),
        Link("origin", "pg_trigger", "t.tgparentid"),
    ),
    implicit="t.tgparentid <> 0",
    facts={
        "definition": "CASE WHEN t.tgparentid = 0 THEN pg_get_triggerdef(t.oid) END",
        "enabled": f"CASE t.tgenabled {_STATE}",
    },
    source=f"pg_trigger AS t\nWHERE NOT t.tgisinternal AND {is_user_made('t.oid')}",
)

EVENT_TRIGGERS = ObjectQuery(
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
    source=f"pg_event_trigger AS e\nWHERE {is_user_made('e.oid')}",
)

RULES = ObjectQuery(
    reads="pg_rewrite",
    manual="catalog-pg-rewrite",
    kinds=("rule",),
    name="quote_ident(w.rulename)",
    oid="w.oid",
    links=(Link("qualifier", "pg_class", "w.ev_class"),),
    facts={"definition": "pg_get_ruledef(w.oid)", "enabled": f"CASE w.ev_enabled {_STATE}"},
    source=f"pg_rewrite AS w\nWHERE w.ev_type <> '1' AND {is_user_made('w.oid')}",
)
