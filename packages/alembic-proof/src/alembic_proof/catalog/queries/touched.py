"""What was touched since an earlier reading: the statement that spares reading all again.

A row of a system catalog that was written has a transaction number in xmin that an earlier
snapshot did not see. What another object is called stands in whatever depends on it, so that
everything that depends on a touched object, directly or not, counts as touched as well.
Source: ddl-system-columns; catalog-pg-depend; functions-info, "Transaction ID and Snapshot
Information Functions". Rows that PostgreSQL writes in place (relation sizes, relhasindex) keep
their xmin: nothing of them is in a catalog.

Catalogs that PostgreSQL has counted no new writing in are passed over (`queries.moved`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from alembic_proof.catalog.queries.frame import FIRST_USER_OID, only
from alembic_proof.catalog.queries.lasting import HAS_TEMPORARY, LASTING_VALUES
from alembic_proof.catalog.queries.moved import has_lost, has_moved, moved_table
from alembic_proof.catalog.queries.noted import (
    BEFORE,
    COUNTS,
    GIVEN,
    IS_FRESH,
    SINCE,
    since_table,
)
from alembic_proof.catalog.queries.small import SMALL_SOURCES
from alembic_proof.catalog.queries.surroundings import DATABASE, NAMED, SETTINGS

LIVE: Mapping[str, str] = {
    "pg_class": "relkind <> 't'",
    "pg_constraint": "contype <> 'n'",
    "pg_type": "typsubscript <> 'array_subscript_handler'::regproc",
    "pg_proc": "true",
    "pg_trigger": "NOT tgisinternal",
    "pg_rewrite": "ev_type <> '1'",
    "pg_policy": "true",
}
"""The catalogs that are followed row by row, and which of their rows a reading may hold."""

_FOLLOWED = tuple(LIVE)
OTHER = "other"
"""Stands for all catalogs that are not followed row by row."""


def _told(catalog: str, oid: str) -> str:
    """An object as one number: the place of its catalog above, its OID below."""
    place = _FOLLOWED.index(catalog) if catalog in LIVE else len(_FOLLOWED)
    return f"({place}::bigint << 32) + {oid}::bigint"


def object_of(number: int) -> tuple[str, int]:
    """Catalog and OID of an object that the statement tells as one number."""
    return (*_FOLLOWED, OTHER)[number >> 32], number & 0xFFFFFFFF


_TOLD_FOR: Mapping[str, str] = {
    "pg_class": f"""(SELECT CASE WHEN c.relkind <> 't' THEN {_told("pg_class", "c.oid")}
                ELSE (SELECT {_told("pg_class", "d.refobjid")} FROM pg_depend AS d
                    WHERE d.classid = t.class AND d.objid = c.oid AND d.deptype = 'i') END
            FROM pg_class AS c WHERE c.oid = t.oid)""",
    "pg_constraint": f"""(SELECT CASE k.contype WHEN 't' THEN NULL
                WHEN 'n' THEN {_told("pg_class", "coalesce(nullif(k.conrelid, 0), k.contypid)")}
                ELSE {_told("pg_constraint", "k.oid")} END
            FROM pg_constraint AS k WHERE k.oid = t.oid)""",
    "pg_type": f"""(SELECT {_told("pg_type", "coalesce(g.rngtypid, y.oid)")}
            FROM pg_type AS y LEFT JOIN pg_range AS g ON g.rngmultitypid = y.oid
            WHERE y.oid = t.oid AND {LIVE["pg_type"]}
                AND (y.typrelid = 0 OR EXISTS (
                    SELECT FROM pg_class AS c WHERE c.oid = y.typrelid AND c.relkind = 'c')))""",
    "pg_proc": _told("pg_proc", "t.oid"),
    "pg_trigger": f"""(SELECT {_told("pg_trigger", "g.oid")}
            FROM pg_trigger AS g WHERE g.oid = t.oid AND NOT g.tgisinternal)""",
    "pg_rewrite": f"""(SELECT CASE w.ev_type WHEN '1' THEN {_told("pg_class", "w.ev_class")}
                ELSE {_told("pg_rewrite", "w.oid")} END
            FROM pg_rewrite AS w WHERE w.oid = t.oid)""",
    "pg_policy": _told("pg_policy", "t.oid"),
    "pg_attrdef": f"""(SELECT {_told("pg_class", "d.adrelid")}
            FROM pg_attrdef AS d WHERE d.oid = t.oid)""",
}
"""By catalog, what is told for a touched object `t`; NULL for what no reading holds.

A view tells its query, a table its TOAST table's options, a column its default and whether it is
NOT NULL, a range the name of its multirange.
"""

_PARTS = {
    "pg_attribute": ("pg_class", "attrelid"),
    "pg_attrdef": ("pg_class", "adrelid"),
    "pg_index": ("pg_class", "indexrelid"),
    "pg_sequence": ("pg_class", "seqrelid"),
    "pg_inherits": ("pg_class", "inhrelid"),
    "pg_foreign_table": ("pg_class", "ftrelid"),
    "pg_partitioned_table": ("pg_class", "partrelid"),
    "pg_enum": ("pg_type", "enumtypid"),
    "pg_range": ("pg_type", "rngtypid"),
    "pg_aggregate": ("pg_proc", "aggfnoid"),
}
"""Catalogs whose rows are parts of an object in another catalog."""
_WHOLLY = frozenset({"pg_class", "pg_type", "pg_proc"})
"""Where initdb's own objects can change as well: their privileges."""

_IS_IN = "'{}'::regclass = ANY (m.classes)"
_TABLES = """{since}, {moved}, fresh (class, oid) AS (
    SELECT x.class, x.oid
    FROM (SELECT classes FROM moved OFFSET 0) AS m
    CROSS JOIN LATERAL (
{rows}
    ) AS x (class, oid, xmin)
    WHERE {is_fresh}
), touched (class, oid) AS (
    SELECT class, oid FROM fresh
    UNION
    SELECT d.classid, d.objid
    FROM touched AS t
    -- OFFSET 0: by the index. How little was touched, no plan can know.
    CROSS JOIN LATERAL (SELECT d.classid, d.objid FROM pg_depend AS d
        WHERE d.refclassid = t.class AND d.refobjid = t.oid OFFSET 0) AS d
), told (number) AS MATERIALIZED (
    SELECT CASE t.class
{told_for}
        ELSE {told_other} END
    FROM touched AS t
)"""


@cache
def touched_statement() -> str:
    """What was touched since the session's last reading: one row, the columns of `Touched`.

    It takes note of its snapshot, of what is counted and of what is to be told.
    """
    columns = ",\n    ".join(f"({sql}) AS {name}" for name, sql in _columns().items())
    noted = {SINCE: "next", BEFORE: "since", COUNTS: "counts", GIVEN: "given"}
    # It depends on the answer, so that nothing is noted before it was asked.
    notes = ",\n    ".join(
        f"set_config('{setting}', coalesce(answer.{name}, ''), answer.next IS NULL) IS NULL"
        for setting, name in noted.items()
    )
    return f"""WITH RECURSIVE {_tables()}
SELECT answer.*,
    {notes}
FROM (SELECT
    {columns}
OFFSET 0) AS answer"""


def _columns() -> Mapping[str, str]:
    return {
        "since": "SELECT number::text FROM since",
        "next": "SELECT pg_snapshot_xmin(pg_current_snapshot())::xid::text",
        "settings": f"SELECT {SETTINGS}",
        "named": only(has_moved(*NAMED.catalogs), f"({NAMED.sql})"),
        "database": only(has_moved(*DATABASE.catalogs), f"({DATABASE.sql})"),
        "is_small": has_moved(*SMALL_SOURCES),
        "told": "SELECT string_agg(number::text, ',') FROM told",
        "live": f"concat_ws(';',\n{_live()})",
        "lasting": f"SELECT {LASTING_VALUES}",
        "has_temporary": HAS_TEMPORARY,
        "given": "SELECT coalesce(array_agg((number & 4294967295)::oid)"
        " FILTER (WHERE number IS NOT NULL), '{}')::text FROM told",
        "counts": "SELECT counts::text FROM moved",
    }


def _tables() -> str:
    return _TABLES.format(
        since=since_table(SINCE),
        moved=moved_table(_counted()),
        rows=_rows(),
        is_fresh=IS_FRESH,
        told_for=_by_class(_TOLD_FOR),
        told_other=_told(OTHER, "t.oid"),
    )


def _rows() -> str:
    """The addresses of the objects with a row in a catalog that has moved."""
    whole = {name: (name, "oid") for name in LIVE}
    sources = [
        f"    SELECT '{of}'::regclass::oid, x.{oid}::oid, x.xmin FROM {name} AS x"
        f" WHERE {_IS_IN.format(name)}{_users(name, oid)}"
        for name, (of, oid) in (whole | _PARTS).items()
    ]
    said = f"""    SELECT x.classoid, x.objoid, x.xmin FROM pg_description AS x
    WHERE {_IS_IN.format("pg_description")}{_users("pg_description", "objoid")}"""
    # Whether a foreign key's triggers are switched off is told with the key.
    keys = f"""    SELECT 'pg_constraint'::regclass::oid, x.tgconstraint, x.xmin FROM pg_trigger AS x
    WHERE {_IS_IN.format("pg_trigger")} AND x.tgconstraint <> 0"""
    return "\n    UNION ALL\n".join([*sources, said, keys])


def _users(name: str, oid: str) -> str:
    """The condition that spares what initdb made, by an index."""
    return "" if name in _WHOLLY else f" AND x.{oid} >= {FIRST_USER_OID}"


def _by_class(expressions: Mapping[str, str]) -> str:
    return "\n".join(
        f"        WHEN '{name}'::regclass THEN {sql}" for name, sql in expressions.items()
    )


def _counted() -> tuple[str, ...]:
    """The catalogs whose writing PostgreSQL is asked to have counted."""
    others = (*SMALL_SOURCES, *NAMED.catalogs, *DATABASE.catalogs)
    return tuple(dict.fromkeys((*LIVE, *_PARTS, "pg_description", *others)))


def _live() -> str:
    """What there is in the catalogs that have lost rows, each with its name in front."""
    rows = {
        name: f"SELECT string_agg(oid::text, ',') FROM {name}"
        f" WHERE oid >= {FIRST_USER_OID} AND {condition}"
        for name, condition in LIVE.items()
    }
    rows["pg_description"] = f"""SELECT
            string_agg(concat_ws(':', c.relname, d.objoid, d.objsubid), ',')
        FROM pg_description AS d JOIN pg_class AS c ON c.oid = d.classoid
        WHERE d.objoid >= {FIRST_USER_OID}"""
    rows["pg_inherits"] = "SELECT string_agg(inhrelid || ':' || inhparent, ',') FROM pg_inherits"
    words = (
        only(has_lost(name), f"'{name}=' || coalesce(({sql}), '')") for name, sql in rows.items()
    )
    return ",\n".join(f"        {sql}" for sql in words)
