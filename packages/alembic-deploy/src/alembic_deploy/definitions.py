"""The definitions of relations as lines that can be compared: columns, constraints, indexes, more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import text
from sqlalchemy.engine import Connection

_NO_PATH = "SELECT pg_catalog.set_config('search_path', '', true)"
"""Outside of pg_catalog every name in a rendering is then qualified."""

_LINES = """\
WITH relation AS (
    SELECT oid, relkind, relowner, relrowsecurity, relforcerowsecurity, reloptions, relpersistence
    FROM pg_catalog.pg_class
    WHERE oid = ANY (CAST(:oids AS oid[]))
)
SELECT oid,
       pg_catalog.concat_ws(' ', 'relation', relkind, relpersistence,
           'of', pg_catalog.pg_get_userbyid(relowner),
           CASE WHEN relrowsecurity THEN 'with row security' END,
           CASE WHEN relforcerowsecurity THEN 'forced' END,
           pg_catalog.array_to_string(reloptions, ', ')
       ) AS line
FROM relation
UNION ALL
SELECT attribute.attrelid,
       pg_catalog.concat_ws(' ', 'column', pg_catalog.quote_ident(attribute.attname),
           pg_catalog.format_type(attribute.atttypid, attribute.atttypmod),
           CASE WHEN attribute.attnotnull THEN 'NOT NULL' END,
           'identity ' || nullif(CAST(attribute.attidentity AS text), ''),
           'generated ' || nullif(CAST(attribute.attgenerated AS text), ''),
           'default ' || pg_catalog.pg_get_expr(given.adbin, given.adrelid)
       )
FROM relation
JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = relation.oid
LEFT JOIN pg_catalog.pg_attrdef AS given
    ON given.adrelid = attribute.attrelid
    AND given.adnum = attribute.attnum
WHERE attribute.attnum > 0
AND NOT attribute.attisdropped
AND relation.relkind <> 'S'
UNION ALL
SELECT own.conrelid,
       pg_catalog.concat_ws(' ', 'constraint', pg_catalog.quote_ident(own.conname),
           pg_catalog.pg_get_constraintdef(own.oid)
       )
FROM relation
JOIN pg_catalog.pg_constraint AS own ON own.conrelid = relation.oid
UNION ALL
SELECT index.indrelid,
       pg_catalog.concat_ws(' ', 'index', pg_catalog.pg_get_indexdef(index.indexrelid),
           CASE WHEN NOT index.indisvalid THEN 'INVALID' END
       )
FROM relation
JOIN pg_catalog.pg_index AS index ON index.indrelid = relation.oid
UNION ALL
SELECT own.tgrelid,
       pg_catalog.concat_ws(' ', 'trigger', pg_catalog.pg_get_triggerdef(own.oid), own.tgenabled)
FROM relation
JOIN pg_catalog.pg_trigger AS own ON own.tgrelid = relation.oid
WHERE NOT own.tgisinternal
UNION ALL
SELECT own.polrelid,
       pg_catalog.concat_ws(' ', 'policy', pg_catalog.quote_ident(own.polname), own.polcmd,
           CASE WHEN own.polpermissive THEN 'permissive' ELSE 'restrictive' END,
           'to ' || pg_catalog.array_to_string(ARRAY(
               SELECT CASE
                   WHEN role.oid = CAST(0 AS oid) THEN 'PUBLIC'
                   ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(role.oid))
               END
               FROM pg_catalog.unnest(own.polroles) AS role (oid)
               ORDER BY 1
           ), ', '),
           'using ' || pg_catalog.pg_get_expr(own.polqual, own.polrelid),
           'with check ' || pg_catalog.pg_get_expr(own.polwithcheck, own.polrelid)
       )
FROM relation
JOIN pg_catalog.pg_policy AS own ON own.polrelid = relation.oid
UNION ALL
SELECT oid, 'query ' || pg_catalog.pg_get_viewdef(oid)
FROM relation
WHERE relkind IN ('v', 'm')
ORDER BY 1, 2"""
"""Source: functions-info, "System Catalog Information Functions"."""


def relation_exists(connection: Connection, name: str) -> bool:
    """Return whether there is a relation of that name, which is quoted where it must be."""
    found = connection.execute(
        text("SELECT pg_catalog.to_regclass(:name) IS NOT NULL"), {"name": name}
    )
    return bool(found.scalar_one())


def read_definitions(connection: Connection, oids: Iterable[int]) -> Mapping[int, tuple[str, ...]]:
    """Return the definition of each relation that exists, as sorted lines in PostgreSQL's renderings.

    The search_path is empty until the end of the transaction.

    Locks: ACCESS SHARE on views.
    """
    connection.execute(text(_NO_PATH))
    found: dict[int, list[str]] = {}
    for oid, line in connection.execute(text(_LINES), {"oids": list(oids)}):
        found.setdefault(oid, []).append(" ".join(line.split()))
    return {oid: tuple(sorted(lines)) for oid, lines in found.items()}
