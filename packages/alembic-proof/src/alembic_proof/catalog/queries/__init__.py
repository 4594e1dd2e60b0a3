"""One SQL statement that reads everything user-made in a database."""

from __future__ import annotations

from alembic_proof.catalog.queries import (
    behaviour,
    columns,
    constraints,
    relations,
    sequences,
    spaces,
    types,
)
from alembic_proof.catalog.queries.frame import FIRST_USER_OID, frame
from alembic_proof.catalog.select import Select

SELECTS: tuple[Select, ...] = (
    spaces.SCHEMAS,
    spaces.EXTENSIONS,
    relations.RELATIONS,
    columns.COLUMNS,
    columns.VIEW_COLUMNS,
    columns.ATTRIBUTES,
    sequences.SEQUENCES,
    sequences.IDENTITY_SEQUENCES,
    constraints.CONSTRAINTS,
    constraints.DOMAIN_CONSTRAINTS,
    constraints.INDEXES,
    types.TYPES,
    behaviour.FUNCTIONS,
    behaviour.TRIGGERS,
    behaviour.EVENT_TRIGGERS,
    behaviour.RULES,
    behaviour.POLICIES,
)

_COMMENTS = f"""SELECT 'comment', description, c.relname::text, d.objoid, d.objsubid,
    NULL, NULL, false, NULL, NULL, NULL
FROM pg_description AS d
JOIN pg_class AS c ON c.oid = d.classoid
WHERE d.objoid >= {FIRST_USER_OID} OR d.classoid IN ('pg_namespace'::regclass, 'pg_extension'::regclass)"""
"""Comments come as rows of their own and find their object by its address."""


def statement(*, major: int, version_table: str, version_schema: str | None = None) -> str:
    """The whole statement; one row, one column: a JSON array of arrays.

    The search_path is emptied before the first name is rendered and put back after the last:
    the inner query needs `path.emptied`, and what puts the path back needs the inner query's result.
    """
    selects = [select.sql(major) for select in SELECTS if select.since <= major]
    rows = "\nUNION ALL\n".join([*selects, _COMMENTS])
    schema = None if version_schema is None else _literal(version_schema)
    return f"""SELECT found.rows, set_config('search_path', path.found, found.rows IS NOT NULL)
FROM (
    SELECT found, set_config('search_path', '', true) AS emptied
    FROM (SELECT current_setting('search_path') AS found OFFSET 0) AS before
    OFFSET 0
) AS path
CROSS JOIN LATERAL (
    WITH {frame(version_table=_literal(version_table), version_schema=schema).strip()}
    SELECT coalesce(json_agg(json_build_array(
        kind, identity, class, oid, sub, parents, origin, implicit, owner, acl, facts)), '[]')::text AS rows
    FROM (
{rows}
    ) AS object (kind, identity, class, oid, sub, parents, origin, implicit, owner, acl, facts)
    WHERE path.emptied = ''
) AS found"""


def _literal(text: str) -> str:
    """A SQL string literal; no backslash needs care under standard_conforming_strings."""
    return "'" + text.replace("'", "''") + "'"
