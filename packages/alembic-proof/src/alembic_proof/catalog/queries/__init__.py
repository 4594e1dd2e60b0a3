"""One SQL statement that reads everything user-made in a database."""

from __future__ import annotations

from functools import cache

from alembic_proof.catalog.queries import (
    behaviour,
    columns,
    constraints,
    foreign,
    privileges,
    rare,
    relations,
    replication,
    sayings,
    sequences,
    spaces,
    types,
)
from alembic_proof.catalog.select import COLUMNS, Saying, Select

SELECTS: tuple[Select, ...] = (
    spaces.DATABASE,
    spaces.SCHEMAS,
    spaces.EXTENSIONS,
    spaces.DEFAULT_PRIVILEGES,
    relations.RELATIONS,
    columns.COLUMNS,
    sequences.SEQUENCES,
    sequences.IDENTITIES,
    constraints.CONSTRAINTS,
    constraints.INDEXES,
    types.TYPES,
    behaviour.FUNCTIONS,
    behaviour.AGGREGATES,
    behaviour.TRIGGERS,
    behaviour.EVENT_TRIGGERS,
    behaviour.RULES,
    behaviour.POLICIES,
    foreign.FOREIGN_DATA_WRAPPERS,
    foreign.SERVERS,
    foreign.USER_MAPPINGS,
    replication.PUBLICATIONS,
    replication.PUBLISHED_TABLES,
    replication.PUBLISHED_SCHEMAS,
    replication.SUBSCRIPTIONS,
    replication.STATISTICS,
    *rare.RARE,
    privileges.BUILT_IN,
)
"""A row's `number` is the place of its SELECT in here."""

SAYINGS: tuple[Saying, ...] = (
    relations.REPLICA_INDEX,
    relations.INHERITS,
    columns.NOT_NULL,
    columns.NOT_NULL_COMMENT,
    constraints.DISABLED,
    sayings.COMMENTS,
    sayings.FIRST_COMMENTS,
    sayings.SECURITY_LABELS,
    sayings.MEMBERS,
)
"""What is said of objects that the SELECTS find."""


@cache
def statement(*, major: int) -> str:
    """The whole statement; one row, whose first column is a JSON array of arrays.

    The search_path is emptied before the first name is rendered and put back after the last:
    the inner query needs `path.emptied`, and what puts the path back needs its result.
    """
    selects = [
        select.sql(number, major=major)
        for number, select in enumerate(SELECTS)
        if select.since <= major
    ]
    said = [saying.sql() for saying in SAYINGS if saying.since <= major]
    rows = "\nUNION ALL\n".join([*selects, *said])
    columns_ = ", ".join(COLUMNS)
    return f"""SELECT found.rows, set_config('search_path', path.found, found.rows IS NOT NULL)
FROM (
    SELECT found, set_config('search_path', '', true) AS emptied
    FROM (SELECT current_setting('search_path') AS found OFFSET 0) AS before
    OFFSET 0
) AS path
CROSS JOIN LATERAL (
    SELECT coalesce(json_agg(json_build_array({columns_})), '[]')::text AS rows
    FROM (
{rows}
    ) AS object ({columns_})
    WHERE path.emptied = ''
) AS found"""
