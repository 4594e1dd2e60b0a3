"""Which catalogs have been written since an earlier reading, told by PostgreSQL's own counters.

The session's own counts are exact at once: what it has not handed over to the shared ones yet is
added. Another session hands over its counts when it ends at the latest; as long as one is in the
database, every catalog counts as moved, and so it does where nothing is counted, where the counters
were set back, and where a transaction has written and none of the database's own has moved. Of the catalogs that all
databases share (roles, tablespaces), what a session of another database has counted may be missing.
Source: monitoring-stats, "Statistics Functions" and "Additional Statistics Functions";
runtime-config-statistics, track_counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from alembic_proof.catalog.queries.noted import COUNTS, DONE, PLACE, note, noted
from alembic_proof.catalog.queries.routine import when

_BITS = 21
_MASK = (1 << _BITS) - 1


def _counted(done: str) -> str:
    counts = (f"pg_stat_get_{span}tuples_{done}(c.class)" for span in ("", "xact_"))
    return f"(({' + '.join(counts)}) & {_MASK})"


_NUMBER = f"""({_counted("deleted")} << {2 * _BITS})
            + ({_counted("updated")} << {_BITS}) + {_counted("inserted")}"""
"""One number of a catalog: what was deleted above, updated between, inserted below; each modulo
two millions."""
_DELETED, _UPDATED = f"({{}} >> {2 * _BITS})", f"(({{}} >> {_BITS}) & {_MASK})"
_DATABASE = "(SELECT oid FROM pg_database WHERE datname = current_database())"
_IS_UNKNOWN = f"""current_setting('track_counts') <> 'on'
        OR pg_stat_get_db_numbackends({noted(PLACE)}::oid) > 1"""
_RESET = f"extract(epoch FROM pg_stat_get_db_stat_reset_time({noted(PLACE)}::oid)) * 1000000"
"""When the counters were last set back, in microseconds; NULL for never."""
_SHARED = frozenset(
    {
        *("pg_authid", "pg_tablespace", "pg_database"),
        *("pg_shdescription", "pg_db_role_setting", "pg_subscription"),
    }
)
"""The catalogs that all databases of the server have together."""
VARIABLES: Mapping[str, str] = {
    "moved": "oid[] := '{}'",
    "rewritten": "oid[] := '{}'",
    "losers": "oid[] := '{}'",
    "counts": "bigint[]",
    "before": "bigint[]",
    "done": "text",
}
"""The catalogs that were written, of which rows were updated, and which lost rows; what is counted:
one number for each catalog, and the time of the last reset behind them; how far transactions are."""


def moved(catalogs: Collection[str]) -> Iterator[str]:
    """The statements that find these variables; they take note of what is counted."""
    classes = array(catalogs)
    yield when(f"{noted(PLACE)} IS NULL", note(PLACE, f"{_DATABASE}::text"))
    yield f"""    before := {noted(COUNTS)}::bigint[];
    counts := ARRAY(SELECT {_NUMBER} FROM unnest({classes}) AS c (class))
        || coalesce(({_RESET})::bigint, 0);
    done := pg_snapshot_xmax(pg_current_snapshot());"""
    yield when(
        f"{_IS_UNKNOWN} OR before[cardinality(before)] <> counts[cardinality(counts)]",
        "before := NULL;",
    )
    yield when(
        "before IS DISTINCT FROM counts",
        f"""SELECT {_others("{}")}, {_others(_UPDATED)}, {_others(_DELETED)}
        INTO moved, rewritten, losers
        FROM unnest({classes}, counts, before) AS c (class, number, earlier)
        WHERE c.class IS NOT NULL;""",
        note(COUNTS, "counts::text"),
    )
    own = array(name for name in catalogs if name not in _SHARED)
    yield when(
        f"done IS DISTINCT FROM {noted(DONE)} AND NOT moved && {own}",
        *(f"{name} := {classes};" for name in ("moved", "rewritten", "losers")),
    )
    yield note(DONE, "done")


def _others(part: str) -> str:
    """The catalogs where that part of the number is not what it was."""
    is_other = f"{part.format('c.number')} IS DISTINCT FROM {part.format('c.earlier')}"
    return f"coalesce(array_agg(c.class) FILTER (WHERE {is_other}), '{{}}')"


def has_moved(*catalogs: str) -> str:
    """The condition that one of these catalogs has moved."""
    return f"moved && {array(catalogs)}"


def is_in(catalog: str, classes: str) -> str:
    """The condition that the catalog is one of the classes."""
    return f"'{catalog}'::regclass = ANY ({classes})"


def array(catalogs: Iterable[str]) -> str:
    """The OIDs of the catalogs."""
    return "ARRAY[" + ", ".join(f"'{name}'::regclass" for name in catalogs) + "]::oid[]"
