"""The one statement that asks for the shapes: a JSON document for each kind of fact.

Everything is read by OID and put together on our side: no cast, name or function per row that a
join or a number can replace. Definitions are rendered only where a value has to satisfy them.
OFFSET 0 has a catalog read by its index: how few tables are asked about, no plan can know.

Source: https://www.postgresql.org/docs/current/catalogs.html
"""

from __future__ import annotations

RELATION = """
RECURSIVE relation AS MATERIALIZED (
    SELECT c.oid, n.nspname, c.relname, c.relkind, c.relispartition, c.relforcerowsecurity
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p')
    AND c.relpersistence <> 't'
    AND n.nspname <> 'information_schema'
    AND n.nspname !~ '^pg_'{is_asked}
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
        AND d.deptype = 'e' OFFSET 0
    )
    AND NOT ({is_version_table})
), attribute AS MATERIALIZED (
    SELECT a.*
    FROM relation AS r
    CROSS JOIN LATERAL (
        SELECT * FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped OFFSET 0
    ) AS a
), used(oid) AS (
    SELECT DISTINCT atttypid FROM attribute
    UNION
    SELECT part.oid
    FROM used
    CROSS JOIN LATERAL (
        SELECT * FROM pg_catalog.pg_type AS t WHERE t.oid = used.oid OFFSET 0
    ) AS t
    LEFT JOIN pg_catalog.pg_range AS r ON r.rngtypid = t.oid
    LEFT JOIN pg_catalog.pg_range AS m ON m.rngmultitypid = t.oid
    LEFT JOIN LATERAL (
        SELECT * FROM pg_catalog.pg_attribute AS f
        WHERE f.attrelid = t.typrelid AND f.attnum > 0 AND NOT f.attisdropped OFFSET 0
    ) AS f ON t.typtype = 'c'
    CROSS JOIN LATERAL (
        VALUES (t.typelem), (t.typbasetype), (r.rngsubtype), (m.rngtypid), (f.atttypid)
    ) AS part(oid)
    WHERE part.oid <> 0
)"""

TABLES = """
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
    r.oid::bigint, pg_catalog.format('%I.%I', r.nspname, r.relname), r.relkind,
    r.relforcerowsecurity, i.inhparent::bigint,
    CASE WHEN r.relispartition AND r.relkind = 'r'
        THEN pg_catalog.pg_get_partition_constraintdef(r.oid) END,
    p.partattrs::text
) ORDER BY r.oid)
FROM relation AS r
LEFT JOIN pg_catalog.pg_inherits AS i ON r.relispartition AND i.inhrelid = r.oid
LEFT JOIN pg_catalog.pg_partitioned_table AS p ON p.partrelid = r.oid"""

COLUMNS = """
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
    a.attrelid::bigint, a.attnum, a.attname, a.atttypid::bigint, a.atttypmod, a.attnotnull,
    a.attidentity, a.attgenerated,
    pg_catalog.pg_get_expr(d.adbin, d.adrelid),
    CASE WHEN d.adbin IS NOT NULL AND a.attgenerated = '' THEN
        CASE
            WHEN d.adbin::text ~ 'NEXTVALUEEXPR|SQLVALUEFUNCTION' THEN true
            WHEN d.adbin::text ~ ':(func|opfunc)id' THEN EXISTS (
                SELECT
                FROM pg_catalog.regexp_matches(d.adbin::text, ':(?:func|opfunc)id (\\d+)', 'g') AS m
                JOIN pg_catalog.pg_proc AS p ON p.oid = m[1]::pg_catalog.oid
                WHERE p.provolatile <> 'i'
            )
            ELSE false
        END
    END,
    CASE WHEN a.atttypid::bigint >= 16384
        THEN pg_catalog.format_type(a.atttypid, a.atttypmod) END,
    CASE WHEN a.attidentity <> '' OR d.oid IS NOT NULL AND a.attgenerated = '' THEN (
        SELECT pg_catalog.format('%I.%I', n.nspname, s.relname)
        FROM pg_catalog.pg_class AS s
        JOIN pg_catalog.pg_namespace AS n ON n.oid = s.relnamespace
        WHERE s.relkind = 'S' AND s.oid IN (
            SELECT own.objid
            FROM pg_catalog.pg_depend AS own
            WHERE own.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
            AND own.refobjid = a.attrelid AND own.refobjsubid = a.attnum AND own.deptype = 'i'
            AND own.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
            UNION ALL
            SELECT used.refobjid
            FROM pg_catalog.pg_depend AS used
            WHERE used.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
            AND used.objid = d.oid
            AND used.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        )
        ORDER BY s.oid
        LIMIT 1
    ) END
) ORDER BY a.attrelid, a.attnum)
FROM attribute AS a
LEFT JOIN pg_catalog.pg_attrdef AS d
    ON a.atthasdef AND d.adrelid = a.attrelid AND d.adnum = a.attnum"""

TYPES = """
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
    t.oid::bigint, n.nspname, t.typname, t.typtype, t.typcategory,
    t.typcategory = 'A' AND t.typelem <> 0 AND t.typname NOT IN ('int2vector', 'oidvector'),
    t.typelem::bigint, t.typbasetype::bigint, t.typtypmod, t.typnotnull,
    CASE WHEN t.typtype IN ('r', 'm') THEN (
        SELECT CASE WHEN r.rngtypid = t.oid THEN r.rngsubtype ELSE r.rngtypid END::bigint
        FROM pg_catalog.pg_range AS r
        WHERE t.oid IN (r.rngtypid, r.rngmultitypid)
    ) END,
    CASE WHEN t.typtype = 'e' THEN (
        SELECT pg_catalog.json_agg(e.enumlabel ORDER BY e.enumsortorder)
        FROM pg_catalog.pg_enum AS e
        WHERE e.enumtypid = t.oid
    ) END,
    CASE WHEN t.typtype = 'c' THEN (
        SELECT pg_catalog.json_agg(
            pg_catalog.json_build_array(f.atttypid::bigint, f.atttypmod) ORDER BY f.attnum
        )
        FROM pg_catalog.pg_attribute AS f
        WHERE f.attrelid = t.typrelid AND f.attnum > 0 AND NOT f.attisdropped
    ) END,
    CASE WHEN t.typtype = 'd' THEN (
        SELECT pg_catalog.json_agg(
            pg_catalog.json_build_array(c.conname, pg_catalog.pg_get_expr(c.conbin, 0))
            ORDER BY c.conname
        )
        FROM pg_catalog.pg_constraint AS c
        WHERE c.contypid = t.oid AND c.contype = 'c'
    ) END
))
FROM used
CROSS JOIN LATERAL (
    SELECT * FROM pg_catalog.pg_type AS t WHERE t.oid = used.oid OFFSET 0
) AS t
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace"""

CONSTRAINTS = """
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
    c.conrelid::bigint, c.conname, c.contype,
    pg_catalog.array_to_json(c.conkey),
    CASE WHEN c.contype = 'c' THEN pg_catalog.pg_get_expr(c.conbin, c.conrelid) END,
    c.confrelid::bigint, pg_catalog.array_to_json(c.confkey),
    CASE WHEN c.condeferred THEN pg_catalog.format('%I.%I', r.nspname, c.conname) END
) ORDER BY c.conrelid, c.conname)
FROM relation AS r
CROSS JOIN LATERAL (
    SELECT * FROM pg_catalog.pg_constraint AS c WHERE c.conrelid = r.oid OFFSET 0
) AS c
WHERE (c.contype = 'c' OR c.conparentid = 0)
AND (c.contype IN ('c', 'f') OR c.condeferred)
AND {is_enforced}"""

KEYS = """
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
    i.indrelid::bigint, c.relname, i.indkey::text, i.indnkeyatts,
    pg_catalog.pg_get_expr(i.indexprs, i.indrelid),
    pg_catalog.pg_get_expr(i.indpred, i.indrelid),
    i.indisprimary, i.indisexclusion, i.indnullsnotdistinct
) ORDER BY i.indrelid, c.relname)
FROM relation AS r
CROSS JOIN LATERAL (
    SELECT * FROM pg_catalog.pg_index AS i
    WHERE i.indrelid = r.oid AND (i.indisunique OR i.indisexclusion) OFFSET 0
) AS i
CROSS JOIN LATERAL (
    SELECT c.relname FROM pg_catalog.pg_class AS c WHERE c.oid = i.indexrelid OFFSET 0
) AS c"""

TRIGGERS = """
SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
    t.tgrelid::bigint, t.tgname
) ORDER BY t.tgrelid, t.tgname)
FROM relation AS r
CROSS JOIN LATERAL (
    SELECT * FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = r.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D' OFFSET 0
) AS t"""

KINDS = (TABLES, COLUMNS, TYPES, CONSTRAINTS, KEYS, TRIGGERS)


SETTING = "alembic_proof.asked"
"""The setting with the names of the tables that are asked about, as an array's text."""
ASKED = """
    AND c.oid IN (
        WITH asked AS (
            SELECT pg_catalog.to_regclass(name) AS oid FROM pg_catalog.unnest(
                pg_catalog.current_setting('{setting}')::text[]) AS name
        ), near AS (
            SELECT oid FROM asked
            UNION
            SELECT f.confrelid FROM pg_catalog.pg_constraint AS f
            JOIN asked ON f.conrelid = asked.oid AND f.contype = 'f'
        )
        SELECT oid FROM near
        UNION
        SELECT part.relid FROM near
        CROSS JOIN LATERAL pg_catalog.pg_partition_tree(pg_catalog.pg_partition_root(oid)) AS part
    )"""


def statement(
    *,
    major: int,
    version_table: str,
    version_schema: str | None,
    is_asked: bool = False,
) -> str:
    """A SELECT of one row: a JSON array for each of KINDS, NULL where there is nothing.

    With `is_asked` of the tables in SETTING and those that they refer to, else of all.
    """
    is_version_table = f"c.relname = {_literal(version_table)}"
    is_version_table += (
        f" AND n.nspname = {_literal(version_schema)}"
        if version_schema
        else " AND pg_catalog.pg_table_is_visible(c.oid)"
    )
    relation = RELATION.replace("{is_version_table}", is_version_table)
    relation = relation.replace("{is_asked}", ASKED.format(setting=SETTING) if is_asked else "")
    kinds = ", ".join(f"({kind})::text" for kind in KINDS)
    is_enforced = "c.conenforced" if major >= 18 else "true"
    return f"WITH {relation} SELECT {kinds}".replace("{is_enforced}", is_enforced)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
