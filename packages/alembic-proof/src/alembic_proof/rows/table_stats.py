"""Read PostgreSQL's statistics of the rows written to each table, to digest only changed tables.

PostgreSQL counts inserted, updated and deleted rows, also those of transactions that were rolled
back; counts that the session has not reported yet are read separately. A table that is rewritten or
truncated gets another file. Changes of the catalog alone (columns, a renamed enum label) count
nothing: compare the catalogs for them.

Source: monitoring-stats, "Viewing Statistics".
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from alembic_proof.catalog.prepared import PreparedStatements, autocommitted
from alembic_proof.rows.savepoint_batch import fetch_row
from alembic_proof.rows.schema import TableName

_COUNTS = " || ':' || ".join(
    f"pg_catalog.pg_stat_get_tuples_{what}(c.oid) + pg_catalog.pg_stat_get_xact_tuples_{what}(c.oid)"
    for what in ("inserted", "updated", "deleted")
)
_STATS_SQL = f"""
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
class TableStats:
    """The statistics at one time; two of them show which tables may have changed."""

    is_counted: bool
    """Whether the server counts: track_counts is on."""
    has_timeouts: bool = True
    """Whether statement_timeout, lock_timeout or transaction_timeout is set."""
    reset: str | None = None
    """When the statistics were last reset."""
    counts: dict[TableName, str] = field(default_factory=dict)
    """relfilenode and counts of each table that stores rows itself: `file:inserted:…`."""
    parents: dict[TableName, tuple[TableName, ...]] = field(default_factory=dict)
    """The tables that also show a table's rows: its partitioned table or inheritance parents."""

    def tables_changed_since(self, earlier: TableStats) -> frozenset[TableName] | None:
        """Return the tables that may have changed; None where the server did not count it all."""
        if not (self.is_counted and earlier.is_counted) or self.reset != earlier.reset:
            return None
        changed = {name for name, count in self.counts.items() if earlier.counts.get(name) != count}
        changed |= earlier.counts.keys() - self.counts.keys()
        links = (self.parents, earlier.parents)
        waiting = list(changed)
        while waiting:
            name = waiting.pop()
            above = {parent for each in links for parent in each.get(name, ())} - changed
            changed |= above
            waiting += above
        return frozenset(changed)

    def rows_written_since(self, earlier: TableStats) -> dict[TableName, int]:
        """Return how many rows were inserted, updated and deleted in each table that stores rows.

        Rows that were rolled back count as well; tables without any are left out.
        """
        written = {
            name: _total(count) - _total(earlier.counts.get(name, ""))
            for name, count in self.counts.items()
        }
        return {name: number for name, number in written.items() if number > 0}


def _total(counts: str) -> int:
    """Return the sum of a table's counts; 0 for a new table."""
    return sum(int(number) for number in counts.split(":")[1:])


def read_table_stats(connection: sa.Connection) -> TableStats:
    """Return what was written to each table so far, in one round trip; no table is read."""
    is_counted, has_timeouts, reset, counts, links = _row(connection)
    parents: dict[TableName, tuple[TableName, ...]] = {}
    for child, parent in json.loads(links or "[]"):
        parents[child] = (*parents.get(child, ()), parent)
    return TableStats(
        is_counted=bool(is_counted),
        has_timeouts=bool(has_timeouts),
        reset=None if reset is None else str(reset),
        counts=json.loads(counts or "{}"),
        parents=parents,
    )


def _row(connection: sa.Connection) -> Sequence[Any]:
    """Return the statement's row; it is prepared where that cannot break a transaction."""
    if connection.in_transaction():
        return fetch_row(connection, _STATS_SQL)
    with autocommitted(connection):
        return PreparedStatements(connection).fetch_prepared(_STATS_SQL)
