"""Find the catalogs that were written since an earlier reading, by PostgreSQL's own counters.

The session's own counters are exact: what it has not yet added to the shared ones is added here.
Another session adds its counts at the latest when it ends. So every catalog counts as changed while
another session is connected to the database, if track_counts is off, if the counters were reset,
and if a transaction has committed but no counter of the database's own catalogs changed. For the
catalogs that all databases share, counts of sessions in other databases may be missing.
Source: monitoring-stats, "Statistics Functions" and "Additional Statistics Functions";
runtime-config-statistics, track_counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cache

from alembic_proof.catalog.incremental.temp_function import (
    COUNTERS_SETTING,
    DATABASE_SETTING,
    PREVIOUS_XMIN_SETTING,
    XMAX_SETTING,
    get_setting,
    if_sql,
    oid_array,
    set_setting,
)
from alembic_proof.catalog.queries.sql_fragments import FIRST_USER_OID

ROW_TRACKED_CATALOGS: Mapping[str, str] = {
    "pg_class": "relkind <> 't'",
    "pg_constraint": "contype <> 'n'",
    "pg_type": "typsubscript <> 'array_subscript_handler'::regproc",
    "pg_proc": "true",
    "pg_trigger": "NOT tgisinternal",
    "pg_rewrite": "ev_type <> '1'",
    "pg_policy": "true",
}
"""The catalogs whose changes are tracked row by row, and which of their rows a reading may have."""

_BITS = 21
_MASK = (1 << _BITS) - 1


def _counter(action: str) -> str:
    counts = (f"pg_stat_get_{span}tuples_{action}(c.class)" for span in ("", "xact_"))
    return f"(({' + '.join(counts)}) & {_MASK})"


_COUNTERS = f"""({_counter("deleted")} << {2 * _BITS})
            + ({_counter("updated")} << {_BITS}) + {_counter("inserted")}"""
"""The counters of a catalog in one bigint: deleted, updated, inserted, 21 bits each."""
_DELETED, _UPDATED = f"({{}} >> {2 * _BITS})", f"(({{}} >> {_BITS}) & {_MASK})"
_DATABASE = "(SELECT oid FROM pg_database WHERE datname = current_database())"
_ARE_COUNTERS_UNRELIABLE = f"""current_setting('track_counts') <> 'on'
        OR pg_stat_get_db_numbackends({get_setting(DATABASE_SETTING)}::oid) > 1"""
_RESET = (
    "extract(epoch FROM"
    f" pg_stat_get_db_stat_reset_time({get_setting(DATABASE_SETTING)}::oid)) * 1000000"
)
"""The time of the counters' last reset in microseconds; NULL if they were never reset."""
_SHARED = frozenset(
    {
        *("pg_authid", "pg_tablespace", "pg_database"),
        *("pg_shdescription", "pg_db_role_setting", "pg_subscription"),
    }
)
"""The catalogs that all databases of a server share."""
CHANGED_CATALOGS_VARIABLES: Mapping[str, str] = {
    "changed": "oid[] := '{}'",
    "with_updates": "oid[] := '{}'",
    "with_deletes": "oid[] := '{}'",
    "counters": "bigint[]",
    "before": "bigint[]",
    "xmax": "text",
}
"""The variables of `changed_catalogs`. The first three hold catalogs; `counters` has one number for
each catalog and then the time of the last reset."""


def changed_catalogs(catalogs: Collection[str]) -> Iterator[str]:
    """Yield the statements that set CHANGED_CATALOGS_VARIABLES and store the counters."""
    classes = oid_array(catalogs)
    yield if_sql(
        f"{get_setting(DATABASE_SETTING)} IS NULL",
        set_setting(DATABASE_SETTING, f"{_DATABASE}::text"),
    )
    yield f"""    before := {get_setting(COUNTERS_SETTING)}::bigint[];
    counters := ARRAY(SELECT {_COUNTERS} FROM unnest({classes}) AS c (class))
        || coalesce(({_RESET})::bigint, 0);
    xmax := pg_snapshot_xmax(pg_current_snapshot());"""
    yield if_sql(
        f"{_ARE_COUNTERS_UNRELIABLE}"
        " OR before[cardinality(before)] <> counters[cardinality(counters)]",
        "before := NULL;",
    )
    yield if_sql(
        "before IS DISTINCT FROM counters",
        f"""SELECT {_with_difference("{}")}, {_with_difference(_UPDATED)}, {_with_difference(_DELETED)}
        INTO changed, with_updates, with_deletes
        FROM unnest({classes}, counters, before) AS c (class, number, earlier)
        WHERE c.class IS NOT NULL;""",
        set_setting(COUNTERS_SETTING, "counters::text"),
    )
    own = oid_array(name for name in catalogs if name not in _SHARED)
    yield if_sql(
        f"xmax IS DISTINCT FROM {get_setting(XMAX_SETTING)} AND NOT changed && {own}",
        *(f"{name} := {classes};" for name in ("changed", "with_updates", "with_deletes")),
    )
    yield set_setting(XMAX_SETTING, "xmax")


def _with_difference(part: str) -> str:
    """Return the expression of the catalogs in which that part of the counters changed."""
    is_different = f"{part.format('c.number')} IS DISTINCT FROM {part.format('c.earlier')}"
    return f"coalesce(array_agg(c.class) FILTER (WHERE {is_different}), '{{}}')"


def has_changed(*catalogs: str) -> str:
    """Return the condition that one of these catalogs has changed."""
    return f"changed && {oid_array(catalogs)}"


_SMALL_CATALOGS = (
    *("pg_namespace", "pg_extension", "pg_default_acl", "pg_event_trigger"),
    *("pg_foreign_data_wrapper", "pg_foreign_server", "pg_publication", "pg_publication_rel"),
    *("pg_publication_namespace", "pg_statistic_ext", "pg_operator", "pg_opclass"),
    *("pg_opfamily", "pg_cast", "pg_collation", "pg_conversion", "pg_ts_config"),
    *("pg_ts_dict", "pg_ts_parser", "pg_ts_template", "pg_language", "pg_transform", "pg_am"),
)
"""The catalogs in which users have few rows: after a change to one, all of them are read."""
_SMALL_PARTS = {
    "pg_amop": ("pg_opfamily", "amopfamily"),
    "pg_amproc": ("pg_opfamily", "amprocfamily"),
    "pg_ts_config_map": ("pg_ts_config", "mapcfg"),
    "pg_seclabel": ("pg_seclabel", "objoid"),
    "pg_init_privs": ("pg_init_privs", "objoid"),
}
"""The catalogs whose rows belong to objects of other catalogs: that catalog, and the OID's column."""
_WITHOUT_XMIN = ("pg_user_mapping", "pg_subscription")
"""The catalogs whose xmin an ordinary role may not read."""
SMALL_SOURCES = (*_SMALL_CATALOGS, *_SMALL_PARTS, *_WITHOUT_XMIN)
_WITH_BUILT_IN_ROWS = frozenset({"pg_namespace", "pg_language", "pg_extension"})
"""The catalogs in which rows of initdb can change as well: privileges, the schema public."""


@cache
def small_catalogs_statement() -> str:
    """Return the statement whose row says whether small catalogs changed, and has a stamp of them.

    It compares with the reading before the last call of the changes function. The stamp is a hash
    of the rows' OIDs.
    """
    sources = {name: (name, "oid") for name in _SMALL_CATALOGS} | _SMALL_PARTS
    rows = "\n    UNION ALL\n".join(
        f"    SELECT '{of}'::regclass::oid, x.{oid}::oid, x.xmin FROM {name} AS x"
        f"{_small_condition(name, oid)}"
        for name, (of, oid) in sources.items()
    )
    return f"""WITH small (class, oid, is_new) AS MATERIALIZED (
    SELECT x.class, x.oid,
        age(x.xmin) <= (SELECT age({get_setting(PREVIOUS_XMIN_SETTING)}::xid))
    FROM (
{rows}
    ) AS x (class, oid, xmin)
)
SELECT EXISTS (SELECT FROM small WHERE is_new)
        OR EXISTS (SELECT FROM pg_foreign_server)
        OR EXISTS (SELECT FROM pg_subscription),
    (SELECT count(*) || '/' || sum(hashint8(class::bigint * 4294967296 + oid::bigint)) FROM small)"""


def _small_condition(name: str, oid: str) -> str:
    return "" if name in _WITH_BUILT_IN_ROWS else f" WHERE x.{oid} >= {FIRST_USER_OID}"
