"""Which catalogs have been written since an earlier reading, told by PostgreSQL's own counters.

The session's own counts are exact at once: what it has not handed over to the shared ones yet is
added. Another session hands over its counts when it ends at the latest; as long as one is in the
database, every catalog counts as moved, and so it does where nothing is counted or the counters
were set back.
Source: monitoring-stats, "Statistics Functions" and "Additional Statistics Functions";
runtime-config-statistics, track_counts.
"""

from __future__ import annotations

from collections.abc import Iterable

from alembic_proof.catalog.queries.noted import COUNTS


def _counted(*what: str) -> str:
    return " + ".join(
        f"pg_stat_get_{span}tuples_{done}(c.class)" for done in what for span in ("", "xact_")
    )


_NUMBER = f"""(({_counted("deleted")}) << 32)
            + (({_counted("inserted", "updated")}) & 4294967295)"""
"""One number of a catalog: rows deleted above, rows inserted and updated below."""
_DATABASE = "(SELECT oid FROM pg_database WHERE datname = current_database())"
_IS_UNKNOWN = f"""current_setting('track_counts') <> 'on'
            OR pg_stat_get_db_numbackends({_DATABASE}) > 1"""
_RESET = f"extract(epoch FROM pg_stat_get_db_stat_reset_time({_DATABASE})) * 1000000"
"""When the counters were last set back, in microseconds; NULL for never."""


def moved_table(catalogs: Iterable[str]) -> str:
    """The common table `moved`: catalogs that moved or lost rows, and what is counted now.

    `counts` has one number for each catalog, and the time of the last reset behind them.
    """
    return f"""moved (classes, losers, counts) AS MATERIALIZED (
    SELECT coalesce(array_agg(c.class) FILTER (
            WHERE c.is_unknown OR c.number IS DISTINCT FROM c.before), '{{}}'),
        coalesce(array_agg(c.class) FILTER (
            WHERE c.is_unknown OR c.number >> 32 IS DISTINCT FROM c.before >> 32), '{{}}'),
        array_agg(c.number ORDER BY c.place) || min(c.reset)
    FROM (
        SELECT c.class, c.place, c.before, {_NUMBER} AS number, u.reset,
            u.is_unknown OR u.reset IS DISTINCT FROM (u.counts)[cardinality(u.counts)] AS is_unknown
        FROM (
            SELECT {_IS_UNKNOWN} AS is_unknown, coalesce(({_RESET})::bigint, 0) AS reset,
                nullif(current_setting('{COUNTS}', true), '')::bigint[] AS counts
            OFFSET 0
        ) AS u
        CROSS JOIN unnest({_array(catalogs)}, u.counts)
            WITH ORDINALITY AS c (class, before, place)
        WHERE c.class IS NOT NULL
    ) AS c
)"""


def has_moved(*catalogs: str) -> str:
    """The condition that one of these catalogs has moved; it is evaluated once."""
    return f"((SELECT classes FROM moved)::oid[] && {_array(catalogs)})"


def has_lost(*catalogs: str) -> str:
    """The condition that rows of one of these catalogs are gone; it is evaluated once."""
    return f"((SELECT losers FROM moved)::oid[] && {_array(catalogs)})"


def _array(catalogs: Iterable[str]) -> str:
    return "ARRAY[" + ", ".join(f"'{name}'::regclass" for name in catalogs) + "]::oid[]"
