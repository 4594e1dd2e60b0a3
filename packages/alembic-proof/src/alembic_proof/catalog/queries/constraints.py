"""Constraints of tables and domains, and indexes."""

from __future__ import annotations

from alembic_proof.catalog.queries.frame import is_users, only, settings, tablespace_name
from alembic_proof.catalog.select import Link, Saying, Select

CONSTRAINTS = Select(
    reads="pg_constraint",
    manual="catalog-pg-constraint",
    kinds=("constraint",),
    name="quote_ident(k.conname)",
    oid="k.oid",
    links=(
        Link("scope", "pg_class", "k.conrelid"),
        Link("scope", "pg_type", "k.contypid"),
        Link("origin", "pg_constraint", "k.conparentid"),
        Link("heir", "pg_class", only("k.coninhcount > 0 AND k.conparentid = 0", "k.conrelid")),
        Link("carries", "pg_class", only("k.contype IN ('p', 'u', 'x')", "k.conindid")),
    ),
    facts={
        "definition": "pg_get_constraintdef(k.oid)",
        "inherited": only(
            "k.coninhcount > 0 AND k.conislocal AND k.conparentid = 0", "'and local'"
        ),
    },
    source=f"""pg_constraint AS k
WHERE k.contype IN ('c', 'f', 'p', 'u', 'x') AND {is_users("k.oid")}
    AND (k.conparentid = 0 OR k.contype <> 'f' OR k.confrelid = (
        SELECT up.confrelid FROM pg_constraint AS up WHERE up.oid = k.conparentid))""",
)
"""Not null is the column's own attribute, a constraint trigger is a trigger.

A foreign key to a partitioned table has a row of its own for each partition: no user made it.
"""

DISABLED = Saying(
    about=("pg_constraint",),
    attribute="triggers",
    catalog="'pg_constraint'",
    oid="t.tgconstraint",
    value="""string_agg(DISTINCT CASE t.tgenabled
    WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' ELSE 'always' END, ', ')""",
    source=f"""pg_trigger AS t
WHERE t.tgisinternal AND t.tgenabled <> 'O' AND {is_users("t.oid")}
GROUP BY t.tgconstraint""",
)
"""ALTER TABLE … DISABLE TRIGGER ALL switches foreign keys off as well."""

_BACKS = """(i.indisprimary OR i.indisexclusion OR i.indisunique AND EXISTS (
    SELECT FROM pg_constraint AS k WHERE k.conrelid = i.indrelid AND k.conindid = i.indexrelid
    AND k.contype = 'u'))"""
_TARGETS = """(SELECT string_agg(a.attnum || '=' || a.attstattarget, ', ' ORDER BY a.attnum)
    FROM pg_attribute AS a WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0)"""

INDEXES = Select(
    reads="pg_class",
    manual="catalog-pg-index",
    kinds=("index",),
    name="quote_ident(c.relname)",
    oid="i.indexrelid",
    links=(
        Link("scope", "pg_namespace", "c.relnamespace"),
        Link("holder", "pg_class", "i.indrelid"),
    ),
    implicit=_BACKS,
    facts={
        "definition": only(f"NOT {_BACKS}", "pg_get_indexdef(i.indexrelid)"),
        "valid": only("NOT i.indisvalid", "'no'"),
        "ready": only("NOT (i.indisready AND i.indislive)", "'no'"),
        "clustered": only("i.indisclustered", "'yes'"),
        "options": only(f"c.reloptions IS NOT NULL AND {_BACKS}", settings("c.reloptions")),
        "tablespace": tablespace_name("c.reltablespace"),
        "statistics targets": only("i.indexprs IS NOT NULL", _TARGETS),
    },
    source=f"""pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid AND c.relnamespace <> 'pg_toast'::regnamespace
WHERE {is_users("i.indexrelid")}""",
)
"""The index of a constraint is there because the constraint is: only the unusual is said of it."""
