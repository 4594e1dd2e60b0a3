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
from alembic_proof.catalog.queries.live import LIVE
from alembic_proof.catalog.queries.pinned import PINNED
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


_NUMBERS = {id(select): number for number, select in enumerate(SELECTS)}
_NAMES = ", ".join(COLUMNS)
_ROW = f"json_build_array({_NAMES})"
_UNION = "\nUNION ALL\n"


@cache
def statement(*, major: int) -> str:
    """The whole statement; one row, whose first column is a JSON array of arrays."""
    return _json_of(branches((*SELECTS, *SAYINGS), major=major))


@cache
def small_statement(*, major: int) -> str:
    """The part of the statement about the small catalogs, whole."""
    selects = (
        select for select in SELECTS if select.reads not in LIVE and select != privileges.BUILT_IN
    )
    classes = ", ".join(f"'{name}'" for name in LIVE)
    elsewhere = f"c.relname NOT IN ({classes})"
    said = (sayings.COMMENTS, sayings.SECURITY_LABELS)
    return _json_of(
        (
            *branches((*selects, sayings.FIRST_COMMENTS), major=major),
            *branches(said, major=major, only=elsewhere),
        )
    )


def branches(some: Iterable[Select | Saying], *, major: int, only: str = "") -> tuple[str, ...]:
    """The SELECTs that such a server knows, with one more condition on each object's `{oid}`."""
    known = (one for one in some if one.since <= major)
    return tuple(
        one.sql(only=only)
        if isinstance(one, Saying)
        else one.sql(_NUMBERS[id(one)], major=major, only=only)
        for one in known
    )


def listed(branches_: Iterable[str]) -> str:
    """The SELECT of the rows of all branches as JSON arrays with commas between, NULL for none."""
    return f"SELECT string_agg({_ROW}::text, ',')\n{_from(branches_)}"


def _json_of(branches_: Iterable[str]) -> str:
    """The statement that reads the rows of all branches.

    What texts are rendered under is pinned before the first one is and put back after the last: the
    inner query needs `path.pinned`, and what puts it back needs its result.
    """
    current = ", ".join(f"current_setting('{name}')" for name in PINNED)
    pins = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in PINNED.items())
    back = ", ".join(
        f"set_config('{name}', path.found[{place}], found.rows IS NOT NULL)"
        for place, name in enumerate(PINNED, 1)
    )
    return f"""SELECT found.*, {back}
FROM (
    SELECT found, ARRAY[{pins}] AS pinned
    FROM (SELECT ARRAY[{current}] AS found OFFSET 0) AS before
    OFFSET 0
) AS path
CROSS JOIN LATERAL (
    SELECT coalesce(json_agg({_ROW}), '[]')::text AS rows
    {_from(branches_)}
    WHERE cardinality(path.pinned) > 0
) AS found"""


def _from(branches_: Iterable[str]) -> str:
    return f"FROM (\n{_UNION.join(branches_)}\n) AS object ({_NAMES})"
