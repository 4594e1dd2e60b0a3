"""One SQL statement that reads everything user-made in a database."""

from __future__ import annotations

from collections.abc import Iterable
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
from alembic_proof.catalog.queries.noted import GIVEN
from alembic_proof.catalog.queries.touched import LIVE
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
    """The whole statement; one row, whose first column is a JSON array of arrays."""
    return _json_of(_branches(SELECTS, SAYINGS, major=major))


@cache
def narrow_statement(catalogs: frozenset[str], *, major: int) -> str:
    """The part of the statement about the objects of some catalogs in the setting GIVEN.

    A parameter would have it planned anew five times. Of a relation its columns are told as well.
    """
    return _json_of(
        _branches(
            [select for select in SELECTS if select.reads in catalogs],
            [saying for saying in SAYINGS if not catalogs.isdisjoint(saying.about)],
            major=major,
            only="({oid}) = ANY ((SELECT oids FROM given)::oid[])",
        ),
        with_=f"WITH given (oids) AS MATERIALIZED (SELECT current_setting('{GIVEN}')::oid[])\n",
    )


@cache
def small_statement(*, major: int) -> str:
    """The part of the statement about the small catalogs, whole."""
    selects = [
        select for select in SELECTS if select.reads not in LIVE and select != privileges.BUILT_IN
    ]
    classes = ", ".join(f"'{name}'" for name in LIVE)
    branches = [
        *_branches(selects, (sayings.FIRST_COMMENTS,), major=major),
        *_branches(
            (),
            (sayings.COMMENTS, sayings.SECURITY_LABELS),
            major=major,
            only=f"c.relname NOT IN ({classes})",
        ),
    ]
    return _json_of(branches)


def _branches(
    selects: Iterable[Select], said: Iterable[Saying], *, major: int, only: str = ""
) -> list[str]:
    """The SELECTs that such a server knows, with one more condition on each object's `{oid}`."""
    numbers = {id(select): number for number, select in enumerate(SELECTS)}
    return [
        *(
            select.sql(numbers[id(select)], major=major, only=only)
            for select in selects
            if select.since <= major
        ),
        *(saying.sql(only=only) for saying in said if saying.since <= major),
    ]


def _json_of(branches: Iterable[str], *, with_: str = "") -> str:
    """The statement that reads the rows of all branches.

    The search_path is emptied before the first name is rendered and put back after the last:
    the inner query needs `path.emptied`, and what puts the path back needs its result.
    """
    rows = "\nUNION ALL\n".join(branches)
    columns_ = ", ".join(COLUMNS)
    return f"""SELECT found.*, set_config('search_path', path.found, found.rows IS NOT NULL)
FROM (
    SELECT found, set_config('search_path', '', true) AS emptied
    FROM (SELECT current_setting('search_path') AS found OFFSET 0) AS before
    OFFSET 0
) AS path
CROSS JOIN LATERAL (
    {with_}SELECT coalesce(json_agg(json_build_array({columns_})), '[]')::text AS rows
    FROM (
{rows}
    ) AS object ({columns_})
    WHERE path.emptied = ''
) AS found"""
