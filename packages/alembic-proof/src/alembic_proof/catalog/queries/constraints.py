"""Constraints of tables and domains, and indexes."""

from __future__ import annotations

from alembic_proof.catalog.queries.frame import is_user_made, settings
from alembic_proof.catalog.select import Select

CONSTRAINTS = Select(
    reads="pg_constraint",
    manual="catalog-pg-constraint",
    kind="'constraint'",
    identity="r.identity || '.' || quote_ident(k.conname)",
    oid="k.oid",
    parents=("r.kind", "r.identity"),
    origin=(
        "'constraint'",
        "coalesce(up.identity, p.identity) || '.' || quote_ident(coalesce(u.conname, k.conname))",
    ),
    facts={
        "definition": "pg_get_constraintdef(k.oid)",
        "inherited": """CASE WHEN k.coninhcount > 0 AND k.conislocal AND k.conparentid = 0
            THEN 'and local' END""",
        "triggers": "off.triggers",
    },
    source="""relation AS r
JOIN pg_constraint AS k ON k.conrelid = r.oid AND k.contype IN ('c', 'f', 'p', 'u', 'x')
LEFT JOIN pg_constraint AS u ON u.oid = k.conparentid
LEFT JOIN relation AS up ON up.oid = u.conrelid
LEFT JOIN pg_inherits AS h
    ON h.inhrelid = r.oid AND h.inhseqno = 1 AND k.coninhcount > 0 AND k.conparentid = 0
LEFT JOIN relation AS p ON p.oid = h.inhparent
LEFT JOIN (
    SELECT tgconstraint, string_agg(DISTINCT CASE tgenabled
        WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' ELSE 'always' END, ', ') AS triggers
    FROM pg_trigger
    WHERE tgisinternal AND tgenabled <> 'O'
    GROUP BY tgconstraint
) AS off ON off.tgconstraint = k.oid""",
)

DOMAIN_CONSTRAINTS = Select(
    reads="pg_constraint",
    manual="catalog-pg-constraint",
    kind="'constraint'",
    identity="s.name || '.' || quote_ident(y.typname) || '.' || quote_ident(k.conname)",
    oid="k.oid",
    parents=("'domain'", "s.name || '.' || quote_ident(y.typname)"),
    facts={"definition": "pg_get_constraintdef(k.oid)"},
    source=f"""pg_constraint AS k
JOIN pg_type AS y ON y.oid = k.contypid
JOIN space AS s ON s.oid = y.typnamespace
WHERE k.contype = 'c' AND {is_user_made("pg_type", "y.oid")}""",
)

_BARE_INDEX = """CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END || substr(
    pg_get_indexdef(i.indexrelid),
    length('CREATE ' || CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END || 'INDEX '
        || quote_ident(c.relname) || ' ON ' || CASE WHEN c.relkind = 'I' THEN 'ONLY ' ELSE '' END
        || r.identity || ' ') + 1)"""
"""Without its name and table, so that a partition's index reads like the one it follows."""

INDEXES = Select(
    reads="pg_class",
    manual="catalog-pg-index",
    kind="'index'",
    identity="r.schema || '.' || quote_ident(c.relname)",
    oid="i.indexrelid",
    parents=(
        "r.kind",
        "r.identity",
        "CASE WHEN k.oid IS NOT NULL THEN 'constraint' END",
        "r.identity || '.' || quote_ident(k.conname)",
    ),
    origin=(
        "CASE WHEN up.oid IS NOT NULL THEN 'index' END",
        "us.name || '.' || quote_ident(up.relname)",
    ),
    implicit="k.oid IS NOT NULL",
    facts={
        "table": "CASE WHEN k.oid IS NULL THEN r.identity END",
        "definition": f"CASE WHEN k.oid IS NULL THEN {_BARE_INDEX} END",
        "valid": "CASE WHEN NOT i.indisvalid THEN 'no' END",
        "ready": "CASE WHEN NOT (i.indisready AND i.indislive) THEN 'no' END",
        "clustered": "CASE WHEN i.indisclustered THEN 'yes' END",
        "options": f"CASE WHEN k.oid IS NOT NULL THEN {settings('c.reloptions')} END",
        "tablespace": "quote_ident(ts.spcname)",
        "statistics targets": "st.targets",
    },
    source="""relation AS r
JOIN pg_index AS i ON i.indrelid = r.oid
JOIN pg_class AS c ON c.oid = i.indexrelid
LEFT JOIN pg_constraint AS k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid
    AND k.contype IN ('p', 'u', 'x')
LEFT JOIN pg_inherits AS h ON h.inhrelid = i.indexrelid
LEFT JOIN pg_class AS up ON up.oid = h.inhparent
LEFT JOIN space AS us ON us.oid = up.relnamespace
LEFT JOIN pg_tablespace AS ts ON ts.oid = c.reltablespace
LEFT JOIN (
    SELECT attrelid, string_agg(attnum || '=' || attstattarget, ', ' ORDER BY attnum) AS targets
    FROM pg_attribute
    WHERE attstattarget >= 0 AND attnum > 0
    GROUP BY attrelid
) AS st ON st.attrelid = i.indexrelid""",
)
