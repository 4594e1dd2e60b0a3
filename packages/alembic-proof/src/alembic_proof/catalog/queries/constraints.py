"""Constraints of tables and domains, indexes, and extended statistics."""

from __future__ import annotations

from alembic_proof.catalog.queries.object_query import AttributeQuery, Link, ObjectQuery
from alembic_proof.catalog.queries.sql_fragments import (
    case_when,
    is_user_made,
    option_list,
    tablespace_name,
)

CONSTRAINTS = ObjectQuery(
    reads="pg_constraint",
    manual="catalog-pg-constraint",
    kinds=("constraint",),
    name="quote_ident(k.conname)",
    oid="k.oid",
    links=(
        Link("qualifier", "pg_class", "k.conrelid"),
        Link("qualifier", "pg_type", "k.contypid"),
        Link("origin", "pg_constraint", "k.conparentid"),
        Link(
            "inheriting_relation",
            "pg_class",
            case_when("k.coninhcount > 0 AND k.conparentid = 0", "k.conrelid"),
        ),
        Link("owned", "pg_class", case_when("k.contype IN ('p', 'u', 'x')", "k.conindid")),
    ),
    facts={
        "definition": "pg_get_constraintdef(k.oid)",
        "inherited": case_when(
            "k.coninhcount > 0 AND k.conislocal AND k.conparentid = 0", "'and local'"
        ),
    },
    source=f"""pg_constraint AS k
WHERE k.contype IN ('c', 'f', 'p', 'u', 'x') AND {is_user_made("k.oid")}
    AND (k.conparentid = 0 OR k.contype <> 'f' OR k.confrelid = (
        SELECT up.confrelid FROM pg_constraint AS up WHERE up.oid = k.conparentid))""",
)
"""NOT NULL is read as an attribute of its column, a constraint trigger as a trigger.

A foreign key to a partitioned table also has a row for each partition; those are left out.
"""

DISABLED_TRIGGERS = AttributeQuery(
    catalogs=("pg_constraint",),
    attribute="triggers",
    catalog="'pg_constraint'",
    oid="t.tgconstraint",
    value="""string_agg(DISTINCT CASE t.tgenabled
    WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' ELSE 'always' END, ', ')""",
    source=f"""pg_trigger AS t
WHERE t.tgisinternal AND t.tgenabled <> 'O' AND {is_user_made("t.oid")}
GROUP BY t.tgconstraint""",
)
"""Disabled triggers of foreign keys: ALTER TABLE … DISABLE TRIGGER ALL disables them as well."""

_BACKS = """(i.indisprimary OR i.indisexclusion OR i.indisunique AND EXISTS (
    SELECT FROM pg_constraint AS k WHERE k.conrelid = i.indrelid AND k.conindid = i.indexrelid
    AND k.contype = 'u'))"""
_TARGETS = """(SELECT string_agg(a.attnum || '=' || a.attstattarget, ', ' ORDER BY a.attnum)
    FROM pg_attribute AS a WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0)"""

INDEXES = ObjectQuery(
    reads="pg_class",
    manual="catalog-pg-index",
    kinds=("index",),
    name="quote_ident(c.relname)",
    oid="i.indexrelid",
    links=(
        Link("qualifier", "pg_namespace", "c.relnamespace"),
        Link("table", "pg_class", "i.indrelid"),
    ),
    implicit=_BACKS,
    facts={
        "definition": case_when(f"NOT {_BACKS}", "pg_get_indexdef(i.indexrelid)"),
        "valid": case_when("NOT i.indisvalid", "'no'"),
        "ready": case_when("NOT (i.indisready AND i.indislive)", "'no'"),
        "clustered": case_when("i.indisclustered", "'yes'"),
        "options": case_when(f"c.reloptions IS NOT NULL AND {_BACKS}", option_list("c.reloptions")),
        "tablespace": tablespace_name("c.reltablespace"),
        "statistics targets": case_when("i.indexprs IS NOT NULL", _TARGETS),
    },
    source=f"""pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid AND c.relnamespace <> 'pg_toast'::regnamespace
WHERE {is_user_made("i.indexrelid")}""",
)
"""The index of a constraint is implicit: only what the constraint does not define is read."""

STATISTICS = ObjectQuery(
    reads="pg_statistic_ext",
    manual="catalog-pg-statistic-ext",
    kinds=("statistics",),
    name="quote_ident(s.stxname)",
    oid="s.oid",
    links=(
        Link("qualifier", "pg_namespace", "s.stxnamespace"),
        Link("table", "pg_class", "s.stxrelid"),
    ),
    facts={
        "owner": "pg_get_userbyid(s.stxowner)",
        "definition": "pg_get_statisticsobjdef(s.oid)",
        "target": "CASE WHEN s.stxstattarget >= 0 THEN s.stxstattarget END",
    },
    source=f"pg_statistic_ext AS s\nWHERE {is_user_made('s.oid')}",
)
