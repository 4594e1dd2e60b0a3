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

from alembic_proof.catalog.queries.noted import COUNTS, noted

_BITS = 21
_MASK = (1 << _BITS) - 1


def _counted(done: str) -> str:
    counts = (f"pg_stat_get_{span}tuples_{done}(c.class)" for span in ("", "xact_"))
    return f"(({' + '.join(counts)}) & {_MASK})"


_NUMBER = f"""({_counted("deleted")} << {2 * _BITS})
            + ({_counted("updated")} << {_BITS}) + {_counted("inserted")}"""
"""One number of a catalog: what was deleted above, updated between, inserted below; each modulo
two millions."""
_DATABASE = "(SELECT oid FROM pg_database WHERE datname = current_database())"
_IS_UNKNOWN = f"""current_setting('track_counts') <> 'on'
            OR pg_stat_get_db_numbackends({_DATABASE}) > 1"""
_RESET = f"extract(epoch FROM pg_stat_get_db_stat_reset_time({_DATABASE})) * 1000000"
"""When the counters were last set back, in microseconds; NULL for never."""


def moved_query(catalogs: Iterable[str]) -> str:
    """One row: the catalogs that were written, of which rows were updated, and which lost rows.

    `counts` has one number for each catalog, and the time of the last reset behind them.
    """
    other = "c.is_unknown OR {0} <> {1}"
    deleted, updated = f"{{}} >> {2 * _BITS}", f"({{}} >> {_BITS}) & {_MASK}"

    def classes(part: str) -> str:
        is_other = other.format(part.format("c.number"), part.format("c.before"))
        return f"coalesce(array_agg(c.class) FILTER (WHERE {is_other}), '{{}}')"

    return f"""SELECT {classes("{}")} AS moved, {classes(updated)} AS rewritten,
        {classes(deleted)} AS losers,
        (array_agg(c.number ORDER BY c.place) || min(c.reset))::text AS counts
    FROM (
        SELECT c.class, c.place, c.before, {_NUMBER} AS number, u.reset,
            c.before IS NULL OR u.is_unknown
                OR u.reset IS DISTINCT FROM (u.counts)[cardinality(u.counts)] AS is_unknown
        FROM (
            SELECT {_IS_UNKNOWN} AS is_unknown, coalesce(({_RESET})::bigint, 0) AS reset,
                {noted(COUNTS)}::bigint[] AS counts
            OFFSET 0
        ) AS u
        CROSS JOIN unnest({array(catalogs)}, u.counts)
            WITH ORDINALITY AS c (class, before, place)
        WHERE c.class IS NOT NULL
    ) AS c"""


def has_moved(*catalogs: str) -> str:
    """The condition that one of these catalogs has moved."""
    return f"moved && {array(catalogs)}"


def is_in(catalog: str, classes: str) -> str:
    """The condition that the catalog is one of the classes."""
    return f"'{catalog}'::regclass = ANY ({classes})"


def array(catalogs: Iterable[str]) -> str:
    """The OIDs of the catalogs."""
    return "ARRAY[" + ", ".join(f"'{name}'::regclass" for name in catalogs) + "]::oid[]"
