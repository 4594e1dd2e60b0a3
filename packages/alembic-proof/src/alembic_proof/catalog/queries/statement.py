"""The SQL statement that reads all objects that users made in a database."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from alembic_proof.catalog.queries import (
    columns,
    comments,
    constraints,
    foreign_data,
    localization,
    operators,
    privileges,
    replication,
    routines,
    schemas,
    sequences,
    tables,
    text_search,
    triggers,
    types,
)
from alembic_proof.catalog.queries.object_query import COLUMNS, AttributeQuery, ObjectQuery
from alembic_proof.catalog.queries.rendering_settings import RENDERING_SETTINGS

OBJECT_QUERIES: tuple[ObjectQuery, ...] = (
    schemas.DATABASE,
    schemas.SCHEMAS,
    schemas.EXTENSIONS,
    privileges.DEFAULT_PRIVILEGES,
    tables.RELATIONS,
    columns.COLUMNS,
    sequences.SEQUENCES,
    sequences.IDENTITIES,
    constraints.CONSTRAINTS,
    constraints.INDEXES,
    types.TYPES,
    routines.FUNCTIONS,
    routines.AGGREGATES,
    triggers.TRIGGERS,
    triggers.EVENT_TRIGGERS,
    triggers.RULES,
    privileges.POLICIES,
    foreign_data.FOREIGN_DATA_WRAPPERS,
    foreign_data.SERVERS,
    foreign_data.USER_MAPPINGS,
    replication.PUBLICATIONS,
    replication.PUBLISHED_TABLES,
    replication.PUBLISHED_SCHEMAS,
    replication.SUBSCRIPTIONS,
    constraints.STATISTICS,
    types.BASE_TYPES,
    operators.OPERATORS,
    operators.OPERATOR_CLASSES,
    operators.OPERATOR_FAMILIES,
    operators.CASTS,
    localization.COLLATIONS,
    localization.CONVERSIONS,
    text_search.CONFIGURATIONS,
    text_search.DICTIONARIES,
    text_search.PARSERS,
    text_search.TEMPLATES,
    routines.LANGUAGES,
    routines.TRANSFORMS,
    operators.ACCESS_METHODS,
    privileges.BUILT_IN,
)
"""The column `number` of a row is its query's index in this tuple."""

ATTRIBUTE_QUERIES: tuple[AttributeQuery, ...] = (
    tables.REPLICA_INDEX,
    tables.INHERITS,
    columns.NOT_NULL,
    columns.NOT_NULL_COMMENT,
    constraints.DISABLED_TRIGGERS,
    comments.COMMENTS,
    comments.BUILT_IN_COMMENTS,
    comments.SECURITY_LABELS,
    comments.EXTENSION_MEMBERS,
)

_NUMBERS = {id(query): number for number, query in enumerate(OBJECT_QUERIES)}
_NAMES = ", ".join(COLUMNS)
_ROW = f"json_build_array({_NAMES})"
_UNION = "\nUNION ALL\n"


@cache
def statement(*, major: int) -> str:
    """Return the statement; its one row's first column is a JSON array of arrays (COLUMNS)."""
    return json_statement(branches((*OBJECT_QUERIES, *ATTRIBUTE_QUERIES), major=major))


def branches(
    queries: Iterable[ObjectQuery | AttributeQuery], *, major: int, condition: str = ""
) -> tuple[str, ...]:
    """Return the SELECTs of the queries that a server of that major version supports.

    :param condition: restricts the rows; `{oid}` in it stands for the object's OID.
    """
    return tuple(
        query.sql(condition=condition)
        if isinstance(query, AttributeQuery)
        else query.sql(_NUMBERS[id(query)], major=major, condition=condition)
        for query in queries
        if query.since <= major
    )


def json_rows(selects: Iterable[str]) -> str:
    """Return the query of all rows as JSON arrays separated by commas; NULL if there is none."""
    return f"SELECT string_agg({_ROW}::text, ',')\n{_union(selects)}"


def json_statement(selects: Iterable[str]) -> str:
    """Return the statement that reads all rows as one JSON array.

    It sets RENDERING_SETTINGS before the first definition is rendered and restores them after the
    last: the inner query reads `path.pinned`, and the restoring calls read the inner query's result.
    """
    names = tuple(RENDERING_SETTINGS)
    current = ", ".join(f"current_setting('{name}')" for name in names)
    pins = ", ".join(
        f"set_config('{name}', '{value}', true)" for name, value in RENDERING_SETTINGS.items()
    )
    back = ", ".join(
        f"set_config('{name}', path.found[{index}], found.rows IS NOT NULL)"
        for index, name in enumerate(names, 1)
    )
    return f"""SELECT found.*, {back}
FROM (
    SELECT found, ARRAY[{pins}] AS pinned
    FROM (SELECT ARRAY[{current}] AS found OFFSET 0) AS before
    OFFSET 0
) AS path
CROSS JOIN LATERAL (
    SELECT coalesce(json_agg({_ROW}), '[]')::text AS rows
    {_union(selects)}
    WHERE cardinality(path.pinned) > 0
) AS found"""


def _union(selects: Iterable[str]) -> str:
    return f"FROM (\n{_UNION.join(selects)}\n) AS object ({_NAMES})"
