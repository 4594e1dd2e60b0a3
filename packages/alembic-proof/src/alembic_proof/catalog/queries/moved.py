"""Which catalogs have been written since an earlier reading, told by PostgreSQL's own counters.

The session's own counts are exact at once: what it has not handed over to the shared ones yet is
added. Another session hands over its counts when it ends at the latest; as long as one is in the
database, every catalog counts as moved, and so it does where nothing is counted.
Source: monitoring-stats, "Statistics Functions" and "Additional Statistics Functions";
runtime-config-statistics, track_counts.
"""

from __future__ import annotations

from collections.abc import Iterable

COUNTS = "alembic_proof.counts"
"""The setting in which a session keeps what was counted at the last reading."""

_COUNTED = " + ".join(
    f"pg_stat_get_{span}tuples_{done}(c.class)"
    for span in ("", "xact_")
    for done in ("inserted", "updated", "deleted")
)
_IS_UNKNOWN = """(current_setting('track_counts') <> 'on'
            OR pg_stat_get_db_numbackends(
                (SELECT oid FROM pg_database WHERE datname = current_database())) > 1)"""


def moved_table(catalogs: Iterable[str]) -> str:
    """The common table `moved`: the catalogs that moved, and what is counted now, by place."""
    classes = ", ".join(f"'{name}'::regclass" for name in catalogs)
    return f"""moved (classes, counts) AS MATERIALIZED (
    SELECT coalesce(
            array_agg(c.class) FILTER (WHERE c.number IS DISTINCT FROM c.before OR c.is_unknown),
            '{{}}'),
        array_agg(c.number ORDER BY c.place)
    FROM (
        SELECT c.class, c.before, c.place, {_COUNTED} AS number, u.is_unknown
        FROM (SELECT {_IS_UNKNOWN} AS is_unknown OFFSET 0) AS u
        CROSS JOIN unnest(ARRAY[{classes}]::oid[],
            nullif(current_setting('{COUNTS}', true), '')::bigint[])
            WITH ORDINALITY AS c (class, before, place)
    ) AS c
)"""


def has_moved(*catalogs: str) -> str:
    """The condition that one of these catalogs has moved; it is evaluated once."""
    classes = ", ".join(f"'{name}'::regclass" for name in catalogs)
    return f"((SELECT classes FROM moved)::oid[] && ARRAY[{classes}]::oid[])"
