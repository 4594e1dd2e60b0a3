"""Columns of tables, views and composite types."""

from __future__ import annotations

from alembic_proof.catalog.queries.object_query import AttributeQuery, Link, ObjectQuery
from alembic_proof.catalog.queries.sql_fragments import (
    case_when,
    collation_name,
    is_user_made,
    option_list,
)

_IS_STORED = "c.relkind IN ('r', 'p', 'f')"

COLUMNS = ObjectQuery(
    reads="pg_class",
    manual="catalog-pg-attribute",
    kinds=("column", "attribute"),
    kind="CASE WHEN c.relkind = 'c' THEN 'attribute' ELSE 'column' END",
    name="quote_ident(a.attname)",
    oid="a.attrelid",
    sub="a.attnum",
    links=(
        Link("qualifier", "pg_class", case_when("c.relkind <> 'c'", "a.attrelid")),
        Link("qualifier", "pg_type", case_when("c.relkind = 'c'", "c.reltype")),
        Link("inheriting_relation", "pg_class", case_when("a.attinhcount > 0", "a.attrelid")),
    ),
    implicit="c.relkind IN ('v', 'm')",
    owner=case_when("a.attacl IS NOT NULL", "pg_get_userbyid(c.relowner)"),
    acl="a.attacl",
    facts={
        "type": case_when("c.relkind NOT IN ('v', 'm')", "format_type(a.atttypid, a.atttypmod)"),
        "collation": case_when(
            "c.relkind NOT IN ('v', 'm') AND a.attcollation <> y.typcollation",
            collation_name("a.attcollation"),
        ),
        "nullability": case_when(
            _IS_STORED, "CASE WHEN a.attnotnull THEN 'NOT NULL' ELSE 'NULL' END"
        ),
        # A default cannot name columns, unlike a generated column's expression: 0 saves the lookup.
        "default": case_when("a.attgenerated = ''", "pg_get_expr(d.adbin, 0)"),
        "generated": """CASE a.attgenerated
            WHEN 's' THEN pg_get_expr(d.adbin, d.adrelid) || ' STORED'
            WHEN 'v' THEN pg_get_expr(d.adbin, d.adrelid) || ' VIRTUAL' END""",
        "inherited": case_when("a.attinhcount > 0 AND a.attislocal", "'and local'"),
        "storage": case_when(
            "c.relkind <> 'c' AND a.attstorage <> y.typstorage",
            """CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'm' THEN 'MAIN'
            WHEN 'e' THEN 'EXTERNAL' ELSE 'EXTENDED' END""",
        ),
        "compression": "CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END",
        "statistics target": case_when("a.attstattarget >= 0", "a.attstattarget::text"),
        "options": option_list("a.attoptions"),
        "foreign options": option_list("a.attfdwoptions"),
    },
    source=f"""pg_attribute AS a
JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c')
JOIN pg_type AS y ON y.oid = a.atttypid
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND {is_user_made("a.attrelid")}""",
)
"""Only those attributes of a view's column that are not part of the view's query."""

NOT_NULL = AttributeQuery(
    catalogs=("pg_class",),
    attribute="nullability",
    catalog="'pg_class'",
    oid="k.conrelid",
    sub="k.conkey[1]",
    value="""'NOT NULL' || CASE WHEN k.connoinherit THEN ' NO INHERIT' ELSE '' END
    || CASE WHEN k.convalidated THEN '' ELSE ' NOT VALID' END""",
    source=f"""pg_constraint AS k
WHERE k.contype = 'n' AND (k.connoinherit OR NOT k.convalidated) AND {is_user_made("k.oid")}""",
    since=18,
)
"""PostgreSQL 18 stores NOT NULL as a constraint; its name is not compared."""

NOT_NULL_COMMENT = AttributeQuery(
    catalogs=("pg_class",),
    attribute="not null comment",
    catalog="CASE WHEN k.conrelid <> 0 THEN 'pg_class' ELSE 'pg_type' END",
    oid="CASE WHEN k.conrelid <> 0 THEN k.conrelid ELSE k.contypid END",
    sub="coalesce(k.conkey[1], 0)",
    value="d.description",
    source=f"""pg_description AS d
JOIN pg_constraint AS k ON k.oid = d.objoid AND k.contype = 'n'
WHERE d.classoid = 'pg_constraint'::regclass AND {is_user_made("d.objoid")}""",
    since=18,
)
