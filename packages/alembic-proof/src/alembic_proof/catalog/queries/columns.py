"""Columns of tables, views and composite types."""

from __future__ import annotations

from alembic_proof.catalog.queries.frame import collation_name, is_users, settings
from alembic_proof.catalog.select import Saying, Select, origin, scope

_FROM = """pg_attribute AS a
JOIN pg_class AS c ON c.oid = a.attrelid
JOIN pg_type AS y ON y.oid = a.atttypid
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"""

_LIVE = f"a.attnum > 0 AND NOT a.attisdropped AND {is_users('a.attrelid')}"
_STORED = f"\nWHERE c.relkind IN ('r', 'p', 'f') AND {_LIVE}"

_COLLATION = (
    f"CASE WHEN a.attcollation <> y.typcollation THEN {collation_name('a.attcollation')} END"
)

_FOLLOWED = """CASE WHEN a.attinhcount > 0 THEN (SELECT h.inhparent FROM pg_inherits AS h
    JOIN pg_attribute AS b ON b.attrelid = h.inhparent AND b.attname = a.attname
    WHERE h.inhrelid = a.attrelid ORDER BY h.inhseqno LIMIT 1) END"""
_FOLLOWED_NUMBER = """CASE WHEN a.attinhcount > 0 THEN coalesce((SELECT b.attnum FROM pg_inherits AS h
    JOIN pg_attribute AS b ON b.attrelid = h.inhparent AND b.attname = a.attname
    WHERE h.inhrelid = a.attrelid ORDER BY h.inhseqno LIMIT 1), 0) ELSE 0 END"""

_SHARED = {
    # Only a generated column's expression speaks of columns; without them there is less to look up.
    "default": "CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, 0) END",
    "storage": """CASE WHEN a.attstorage <> y.typstorage THEN CASE a.attstorage
        WHEN 'p' THEN 'PLAIN' WHEN 'm' THEN 'MAIN' WHEN 'e' THEN 'EXTERNAL' ELSE 'EXTENDED' END END""",
    "compression": "CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END",
    "statistics target": "CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END",
    "options": settings("a.attoptions"),
}

COLUMNS = Select(
    reads="pg_class",
    manual="catalog-pg-attribute",
    kinds=("column",),
    name="quote_ident(a.attname)",
    oid="a.attrelid",
    sub="a.attnum",
    links=(scope("pg_class", "a.attrelid"), origin("pg_class", _FOLLOWED, _FOLLOWED_NUMBER)),
    owner="CASE WHEN a.attacl IS NOT NULL THEN pg_get_userbyid(c.relowner) END",
    acl="a.attacl",
    facts={
        "type": "format_type(a.atttypid, a.atttypmod)",
        "collation": _COLLATION,
        "nullability": "CASE WHEN a.attnotnull THEN 'NOT NULL' ELSE 'NULL' END",
        "generated": """CASE a.attgenerated
            WHEN 's' THEN pg_get_expr(d.adbin, d.adrelid) || ' STORED'
            WHEN 'v' THEN pg_get_expr(d.adbin, d.adrelid) || ' VIRTUAL' END""",
        "inherited": "CASE WHEN a.attinhcount > 0 AND a.attislocal THEN 'and local' END",
        "foreign options": settings("a.attfdwoptions"),
        **_SHARED,
    },
    source=f"{_FROM}{_STORED}",
)

NOT_NULL = Saying(
    attribute="nullability",
    reads="pg_class",
    oid="k.conrelid",
    sub="k.conkey[1]",
    value="""'NOT NULL' || CASE WHEN k.connoinherit THEN ' NO INHERIT' ELSE '' END
    || CASE WHEN k.convalidated THEN '' ELSE ' NOT VALID' END""",
    source=f"""pg_constraint AS k
WHERE k.contype = 'n' AND (k.connoinherit OR NOT k.convalidated) AND {is_users("k.oid")}""",
    since=18,
)
"""PostgreSQL 18 keeps NOT NULL as a constraint; its name says nothing about the column."""

VIEW_COLUMNS = Select(
    reads="pg_class",
    manual="catalog-pg-attribute",
    kinds=("column",),
    name="quote_ident(a.attname)",
    oid="a.attrelid",
    sub="a.attnum",
    links=(scope("pg_class", "a.attrelid"),),
    implicit="true",
    owner="CASE WHEN a.attacl IS NOT NULL THEN pg_get_userbyid(c.relowner) END",
    acl="a.attacl",
    facts=_SHARED,
    source=f"{_FROM}\nWHERE c.relkind IN ('v', 'm') AND {_LIVE}",
)

ATTRIBUTES = Select(
    reads="pg_class",
    manual="catalog-pg-attribute",
    kinds=("attribute",),
    name="quote_ident(a.attname)",
    oid="a.attrelid",
    sub="a.attnum",
    links=(scope("pg_type", "c.reltype"),),
    facts={"type": "format_type(a.atttypid, a.atttypmod)", "collation": _COLLATION},
    source=f"{_FROM}\nWHERE c.relkind = 'c' AND {_LIVE}",
)
