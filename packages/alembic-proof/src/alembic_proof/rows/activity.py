"""How much was ever written to each table: tables in which nothing moved need no digest.

PostgreSQL counts the rows that were inserted, updated and deleted, also those of transactions that
were rolled back; what this session has not handed in yet it counts apart. A table that is
rewritten or truncated gets another file. What only changes how values are written (a renamed label
of an enum) or which columns there are moves nothing here: the catalog tells that.

Source: https://www.postgresql.org/docs/current/monitoring-stats.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from alembic_proof.catalog.prepared import Prepared, without_transaction
from alembic_proof.rows.run import fetch
from alembic_proof.rows.shape import TableName

_COUNTS = " || ':' || ".join(
    f"pg_catalog.pg_stat_get_tuples_{what}(c.oid) + pg_catalog.pg_stat_get_xact_tuples_{what}(c.oid)"
    for what in ("inserted", "updated", "deleted")
)
_ACTIVITY = f"""
SELECT pg_catalog.current_setting('track_counts') = 'on',
    '0' <> ANY (ARRAY[pg_catalog.current_setting('statement_timeout'),
        pg_catalog.current_setting('lock_timeout'),
        coalesce(pg_catalog.current_setting('transaction_timeout', true), '0')]),
    (SELECT pg_catalog.pg_stat_get_db_stat_reset_time(d.oid)::text
    FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()),
    (SELECT pg_catalog.json_object_agg(
        pg_catalog.format('%I.%I', n.nspname, c.relname), c.relfilenode || ':' || {_COUNTS})::text
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.relpersistence <> 't'
    AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'),
    (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
        pg_catalog.format('%I.%I', n.nspname, c.relname),
        pg_catalog.format('%I.%I', m.nspname, p.relname)))::text
    FROM pg_catalog.pg_inherits AS i
    JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_class AS p ON p.oid = i.inhparent
    JOIN pg_catalog.pg_namespace AS m ON m.oid = p.relnamespace
    WHERE c.relkind IN ('r', 'p'))
"""


@dataclass(frozen=True, slots=True)
class Activity:
    """One reading; two of them tell in which tables something moved."""

    is_counted: bool
    """Whether the server counts at all (`track_counts`)."""
    has_timeouts: bool = True
    """Whether the session ends a statement that takes long, or waits long for a lock."""
    reset: str | None = None
    """When the counters were last set back."""
    counts: dict[TableName, str] = field(default_factory=dict)
    """File and counts of each table that holds rows itself."""
    parents: dict[TableName, tuple[TableName, ...]] = field(default_factory=dict)
    """What a table's rows are seen in as well: those that it inherits from or is a partition of."""

    def since(self, earlier: Activity) -> frozenset[TableName] | None:
        """The tables that something may have moved in; None where nobody counted all of it."""
        if not (self.is_counted and earlier.is_counted) or self.reset != earlier.reset:
            return None
        moved = {name for name, count in self.counts.items() if earlier.counts.get(name) != count}
        moved |= earlier.counts.keys() - self.counts.keys()
        links = (self.parents, earlier.parents)
        waiting = list(moved)
        while waiting:
            name = waiting.pop()
            above = {parent for each in links for parent in each.get(name, ())} - moved
            moved |= above
            waiting += above
        return frozenset(moved)

    def written_since(self, earlier: Activity) -> dict[TableName, int]:
        """Return how many rows were inserted, updated and deleted in each table that holds rows itself.

        Rolled back ones count as well; tables in which there are none are left out.
        """
        written = {
            name: _total(count) - _total(earlier.counts.get(name, ""))
            for name, count in self.counts.items()
        }
        return {name: number for name, number in written.items() if number > 0}


def _total(counts: str) -> int:
    """Return the sum of a table's counts, which stand behind its file; 0 for a table that is new."""
    return sum(int(number) for number in counts.split(":")[1:])


def read_activity(connection: sa.Connection) -> Activity:
    """What was written to each table so far; one round trip, no table is read."""
    is_counted, has_timeouts, reset, counts, links = _row(connection)
    parents: dict[TableName, tuple[TableName, ...]] = {}
    for child, parent in json.loads(links or "[]"):
        parents[child] = (*parents.get(child, ()), parent)
    return Activity(
        is_counted=bool(is_counted),
        has_timeouts=bool(has_timeouts),
        reset=None if reset is None else str(reset),
        counts=json.loads(counts or "{}"),
        parents=parents,
    )


def _row(connection: sa.Connection) -> Sequence[Any]:
    """The statement's row; it is prepared where no transaction could be broken by that."""
    if connection.in_transaction():
        return fetch(connection, _ACTIVITY)
    with without_transaction(connection):
        return Prepared(connection).row(_ACTIVITY)
