"""Constraints of tables and domains, and indexes."""

from __future__ import annotations

from alembic_proof.catalog.queries.frame import is_users, settings
from alembic_proof.catalog.select import Saying, Select, holder, origin, parent, scope

_INHERITED_CHECK = """CASE WHEN k.conparentid <> 0 THEN k.conparentid
    WHEN k.coninhcount > 0 THEN (SELECT u.oid FROM pg_inherits AS h
        JOIN pg_constraint AS u ON u.conrelid = h.inhparent AND u.conname = k.conname
        WHERE h.inhrelid = k.conrelid ORDER BY h.inhseqno LIMIT 1) END"""

CONSTRAINTS = Select(
    reads="pg_constraint",
    manual="catalog-pg-constraint",
    kinds=("constraint",),
    name="quote_ident(k.conname)",
    oid="k.oid",
    links=(scope("pg_class", "k.conrelid"), origin("pg_constraint", _INHERITED_CHECK)),
    facts={
        "definition": "pg_get_constraintdef(k.oid)",
        "inherited": """CASE WHEN k.coninhcount > 0 AND k.conislocal AND k.conparentid = 0
            THEN 'and local' END""",
    },
    source=f"""pg_constraint AS k
WHERE k.contype IN ('c', 'f', 'p', 'u', 'x') AND k.conrelid <> 0 AND {is_users("k.oid")}""",
)

DISABLED = Saying(
    attribute="triggers",
    reads="pg_constraint",
    oid="t.tgconstraint",
    value="""string_agg(DISTINCT CASE t.tgenabled
    WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' ELSE 'always' END, ', ')""",
    source=f"""pg_trigger AS t
WHERE t.tgisinternal AND t.tgenabled <> 'O' AND {is_users("t.oid")}
GROUP BY t.tgconstraint""",
)
"""ALTER TABLE … DISABLE TRIGGER ALL switches foreign keys off as well."""

DOMAIN_CONSTRAINTS = Select(
    reads="pg_constraint",
    manual="catalog-pg-constraint",
    kinds=("constraint",),
    name="quote_ident(k.conname)",
    oid="k.oid",
    links=(scope("pg_type", "k.contypid"),),
    facts={"definition": "pg_get_constraintdef(k.oid)"},
    source=f"pg_constraint AS k\nWHERE k.contype = 'c' AND k.contypid <> 0 AND {is_users('k.oid')}",
)

_TABLE = "quote_ident(n.nspname) || '.' || quote_ident(t.relname)"
_UNIQUE = "CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END"
_BARE_INDEX = f"""{_UNIQUE} || substr(pg_get_indexdef(i.indexrelid),
    length('CREATE ' || {_UNIQUE} || 'INDEX ' || quote_ident(c.relname) || ' ON '
        || CASE WHEN c.relkind = 'I' THEN 'ONLY ' ELSE '' END || {_TABLE} || ' ') + 1)"""
"""Without its name and table, so that a partition's index reads like the one it follows."""

_TARGETS = """(SELECT string_agg(a.attnum || '=' || a.attstattarget, ', ' ORDER BY a.attnum)
    FROM pg_attribute AS a WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0)"""

INDEXES = Select(
    reads="pg_class",
    manual="catalog-pg-index",
    kinds=("index",),
    name="quote_ident(c.relname)",
    oid="i.indexrelid",
    links=(
        scope("pg_namespace", "c.relnamespace"),
        holder("pg_class", "i.indrelid"),
        parent("pg_constraint", "k.oid"),
        origin("pg_class", "h.inhparent"),
    ),
    implicit="k.oid IS NOT NULL",
    facts={
        "table": f"CASE WHEN k.oid IS NULL THEN {_TABLE} END",
        "definition": f"CASE WHEN k.oid IS NULL THEN {_BARE_INDEX} END",
        "valid": "CASE WHEN NOT i.indisvalid THEN 'no' END",
        "ready": "CASE WHEN NOT (i.indisready AND i.indislive) THEN 'no' END",
        "clustered": "CASE WHEN i.indisclustered THEN 'yes' END",
        "options": f"CASE WHEN k.oid IS NOT NULL THEN {settings('c.reloptions')} END",
        "tablespace": "quote_ident(ts.spcname)",
        "statistics targets": f"CASE WHEN i.indexprs IS NOT NULL THEN {_TARGETS} END",
    },
    source=f"""pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
JOIN pg_class AS t ON t.oid = i.indrelid AND t.relkind IN ('r', 'p', 'm')
JOIN pg_namespace AS n ON n.oid = t.relnamespace
LEFT JOIN pg_constraint AS k ON k.conrelid = i.indrelid AND k.conindid = i.indexrelid
    AND k.contype IN ('p', 'u', 'x')
LEFT JOIN pg_inherits AS h ON h.inhrelid = i.indexrelid
LEFT JOIN pg_tablespace AS ts ON ts.oid = c.reltablespace
WHERE {is_users("i.indexrelid")}""",
)
