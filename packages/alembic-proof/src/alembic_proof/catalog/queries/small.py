"""The catalogs with few rows of users: where one was written, everything is read again."""

from __future__ import annotations

from functools import cache

from alembic_proof.catalog.queries.frame import FIRST_USER_OID
from alembic_proof.catalog.queries.noted import BEFORE, noted

SMALL = (
    *("pg_namespace", "pg_extension", "pg_default_acl", "pg_event_trigger"),
    *("pg_foreign_data_wrapper", "pg_foreign_server", "pg_publication", "pg_publication_rel"),
    *("pg_publication_namespace", "pg_statistic_ext", "pg_operator", "pg_opclass"),
    *("pg_opfamily", "pg_cast", "pg_collation", "pg_conversion", "pg_ts_config"),
    *("pg_ts_dict", "pg_ts_parser", "pg_ts_template", "pg_language", "pg_transform", "pg_am"),
)
"""Catalogs whose objects have rows of their own."""
_PARTS = {
    "pg_amop": ("pg_opfamily", "amopfamily"),
    "pg_amproc": ("pg_opfamily", "amprocfamily"),
    "pg_ts_config_map": ("pg_ts_config", "mapcfg"),
    "pg_seclabel": ("pg_seclabel", "objoid"),
    "pg_init_privs": ("pg_init_privs", "objoid"),
}
"""Catalogs whose rows belong to other objects."""
_UNSEEN = ("pg_user_mapping", "pg_subscription")
"""An ordinary role does not see the xmin of their rows."""
SMALL_SOURCES = (*SMALL, *_PARTS, *_UNSEEN)
_WHOLLY = frozenset({"pg_namespace", "pg_language", "pg_extension"})
"""Where initdb's own objects can change as well: their privileges, the schema public."""


@cache
def small_touched_statement() -> str:
    """One row: whether anything in these catalogs was written, and a stamp of what there is.

    It asks about the time before the last call of `touched`.
    """
    sources = {name: (name, "oid") for name in SMALL} | _PARTS
    rows = "\n    UNION ALL\n".join(
        f"    SELECT '{of}'::regclass::oid, x.{oid}::oid, x.xmin FROM {name} AS x{_users(name, oid)}"
        for name, (of, oid) in sources.items()
    )
    return f"""WITH small (class, oid, is_fresh) AS MATERIALIZED (
    SELECT x.class, x.oid, age(x.xmin) <= (SELECT age({noted(BEFORE)}::xid))
    FROM (
{rows}
    ) AS x (class, oid, xmin)
)
SELECT EXISTS (SELECT FROM small WHERE is_fresh)
        OR EXISTS (SELECT FROM pg_foreign_server)
        OR EXISTS (SELECT FROM pg_subscription),
    (SELECT count(*) || '/' || sum(hashint8(class::bigint * 4294967296 + oid::bigint)) FROM small)"""


def _users(name: str, oid: str) -> str:
    """The condition that spares what initdb made, by an index."""
    return "" if name in _WHOLLY else f" WHERE x.{oid} >= {FIRST_USER_OID}"
