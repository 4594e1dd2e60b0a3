"""Columns of tables, views and composite types."""

from __future__ import annotations

from alembic_proof.catalog.queries.frame import collation_name, is_users, only, settings
from alembic_proof.catalog.select import Link, Saying, Select

_IS_STORED = "c.relkind IN ('r', 'p', 'f')"

COLUMNS = Select(
    reads="pg_class",
    manual="catalog-pg-attribute",
    kinds=("column", "attribute"),
    kind="CASE WHEN c.relkind = 'c' THEN 'attribute' ELSE 'column' END",
    name="quote_ident(a.attname)",
    oid="a.attrelid",
    sub="a.attnum",
    links=(
        Link("scope", "pg_class", only("c.relkind <> 'c'", "a.attrelid")),
        Link("scope", "pg_type", only("c.relkind = 'c'", "c.reltype")),
        Link("heir", "pg_class", only("a.attinhcount > 0", "a.attrelid")),
    ),
    implicit="c.relkind IN ('v', 'm')",
    owner=only("a.attacl IS NOT NULL", "pg_get_userbyid(c.relowner)"),
    acl="a.attacl",
    facts={
        "type": only("c.relkind NOT IN ('v', 'm')", "format_type(a.atttypid, a.atttypmod)"),
        "collation": only(
            "c.relkind NOT IN ('v', 'm') AND a.attcollation <> y.typcollation",
            collation_name("a.attcollation"),
        ),
        "nullability": only(_IS_STORED, "CASE WHEN a.attnotnull THEN 'NOT NULL' ELSE 'NULL' END"),
        # Only a generated column's expression speaks of columns: others need none looked up.
        "default": only("a.attgenerated = ''", "pg_get_expr(d.adbin, 0)"),
        "generated": """CASE a.attgenerated
            WHEN 's' THEN pg_get_expr(d.adbin, d.adrelid) || ' STORED'
            WHEN 'v' THEN pg_get_expr(d.adbin, d.adrelid) || ' VIRTUAL' END""",
        "inherited": only("a.attinhcount > 0 AND a.attislocal", "'and local'"),
        "storage": only(
            "c.relkind <> 'c' AND a.attstorage <> y.typstorage",
            """CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'm' THEN 'MAIN'
            WHEN 'e' THEN 'EXTERNAL' ELSE 'EXTENDED' END""",
        ),
        "compression": "CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END",
        "statistics target": only("a.attstattarget >= 0", "a.attstattarget::text"),
        "options": settings("a.attoptions"),
        "foreign options": settings("a.attfdwoptions"),
    },
    source=f"""pg_attribute AS a
JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c')
JOIN pg_type AS y ON y.oid = a.atttypid
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND {is_users("a.attrelid")}""",
)
"""Of a view's column only what its query does not say; it is there because the view is."""

NOT_NULL = Saying(
    about=("pg_class",),
    attribute="nullability",
    catalog="'pg_class'",
    oid="k.conrelid",
    sub="k.conkey[1]",
    value="""'NOT NULL' || CASE WHEN k.connoinherit THEN ' NO INHERIT' ELSE '' END
    || CASE WHEN k.convalidated THEN '' ELSE ' NOT VALID' END""",
    source=f"""pg_constraint AS k
WHERE k.contype = 'n' AND (k.connoinherit OR NOT k.convalidated) AND {is_users("k.oid")}""",
    since=18,
)
"""PostgreSQL 18 keeps NOT NULL as a constraint; its name says nothing about the column."""

NOT_NULL_COMMENT = Saying(
    about=("pg_class",),
    attribute="not null comment",
    catalog="CASE WHEN k.conrelid <> 0 THEN 'pg_class' ELSE 'pg_type' END",
    oid="CASE WHEN k.conrelid <> 0 THEN k.conrelid ELSE k.contypid END",
    sub="coalesce(k.conkey[1], 0)",
    value="d.description",
    source=f"""pg_description AS d
JOIN pg_constraint AS k ON k.oid = d.objoid AND k.contype = 'n'
WHERE d.classoid = 'pg_constraint'::regclass AND {is_users("d.objoid")}""",
    since=18,
)
