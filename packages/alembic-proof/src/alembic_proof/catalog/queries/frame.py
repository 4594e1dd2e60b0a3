"""What every SELECT joins: the schemas, the relations and the members of extensions.

Only what users made counts: objects that initdb made have OIDs below 16384 (pg_dump draws the
line there as well), and what CREATE EXTENSION made belongs to its extension.
Source: "System Catalog Initial Data / OID Assignment", catalog-pg-depend, catalog-pg-namespace.
"""

from __future__ import annotations

FIRST_USER_OID = 16384


def frame(*, version_table: str, version_schema: str | None) -> str:
    """The WITH clauses; the two names are SQL literals, NULL for any schema."""
    return f"""
member AS MATERIALIZED (
    SELECT classid, objid
    FROM pg_depend
    WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
),
space AS MATERIALIZED (
    SELECT oid, quote_ident(nspname) AS name, nspname
    FROM pg_namespace
    WHERE nspname !~ '^pg_(toast|temp)'
),
relation AS MATERIALIZED (
    SELECT c.oid, c.relkind, c.relname, s.name || '.' || quote_ident(c.relname) AS identity,
        CASE c.relkind
            WHEN 'v' THEN 'view'
            WHEN 'm' THEN 'materialized view'
            WHEN 'f' THEN 'foreign table'
            WHEN 'c' THEN 'composite type'
            WHEN 'S' THEN 'sequence'
            ELSE 'table'
        END AS kind,
        s.name AS schema, pg_get_userbyid(c.relowner)::text AS owner
    FROM pg_class AS c
    JOIN space AS s ON s.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c', 'S')
        AND c.oid >= {FIRST_USER_OID}
        AND NOT {is_member("pg_class", "c.oid")}
        AND NOT {_is_version_table(version_table, version_schema)}
),
spelled AS MATERIALIZED (
    SELECT atttypid, atttypmod, format_type(atttypid, atttypmod) AS type
    FROM (
        SELECT DISTINCT a.atttypid, a.atttypmod
        FROM pg_attribute AS a
        WHERE a.attrelid >= {FIRST_USER_OID} AND a.attnum > 0 AND NOT a.attisdropped
    ) AS used
),
sorting AS MATERIALIZED (
    SELECT c.oid, s.name || '.' || quote_ident(c.collname) AS identity
    FROM pg_collation AS c
    JOIN space AS s ON s.oid = c.collnamespace
)"""


def is_member(catalog: str, oid: str) -> str:
    """The condition that an extension made the object."""
    return (
        f"EXISTS (SELECT FROM member AS m WHERE m.classid = '{catalog}'::regclass"
        f" AND m.objid = {oid})"
    )


def is_user_made(catalog: str, oid: str) -> str:
    """The condition that neither initdb nor an extension made the object."""
    return f"{oid} >= {FIRST_USER_OID} AND NOT {is_member(catalog, oid)}"


def settings(array: str) -> str:
    """A text[] of options as one sorted text, NULL where there is none.

    Every option is quoted as a literal, so that two lists never read the same.
    """
    return (
        f"(SELECT string_agg(quote_literal(o), ', ' ORDER BY o COLLATE \"C\")"
        f" FROM unnest({array}) AS o)"
    )


def _is_version_table(table: str, schema: str | None) -> str:
    """Alembic's table: by schema and name, or by name and its one column."""
    if schema is not None:
        return f"(c.relname = {table} AND s.nspname = {schema})"
    return (
        f"(c.relname = {table} AND c.relnatts = 1 AND EXISTS (SELECT FROM pg_attribute AS v"
        " WHERE v.attrelid = c.oid AND v.attname = 'version_num'))"
    )
