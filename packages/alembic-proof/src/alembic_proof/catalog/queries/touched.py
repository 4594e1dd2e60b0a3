"""What was touched since an earlier reading: the function that spares reading all again.

A row of a system catalog that was written has a transaction number in xmin that an earlier
snapshot did not see. What another object is called stands in whatever depends on it, so that
everything that depends on a touched object, directly or not, counts as touched as well.
Source: ddl-system-columns; catalog-pg-depend; functions-info, "Transaction ID and Snapshot
Information Functions". Rows that PostgreSQL writes in place (relation sizes, relhasindex) keep
their xmin: nothing of them is in a catalog.

Catalogs that PostgreSQL has counted no new writing in are passed over (`queries.moved`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from alembic_proof.catalog.queries.frame import FIRST_USER_OID
from alembic_proof.catalog.queries.lasting import HAS_TEMPORARY, LASTING_VALUES
from alembic_proof.catalog.queries.live import LIVE
from alembic_proof.catalog.queries.moved import array, has_moved, is_in, moved_query
from alembic_proof.catalog.queries.noted import BEFORE, COUNTS, SINCE, note, noted
from alembic_proof.catalog.queries.routine import GUARDED, Routine, when
from alembic_proof.catalog.queries.small import SMALL_SOURCES
from alembic_proof.catalog.queries.surroundings import DATABASE, NAMED, SETTINGS
from alembic_proof.catalog.queries.told import told_routine

OTHER = "other"
"""Stands for all catalogs that are not followed row by row; of their objects the first is told."""

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
    # Whether a foreign key's triggers are switched off is told with the key.
    "pg_trigger": ("pg_constraint", "tgconstraint"),
}
"""Catalogs whose rows are parts of an object in another catalog."""
_WHOLLY = frozenset({"pg_class", "pg_type", "pg_proc"})
"""Where initdb's own objects can change as well: their privileges."""

_TOLD_FOR: Mapping[str, tuple[str, str]] = {
    "pg_class": (
        "pg_class",
        """SELECT d.refobjid FROM pg_class AS c
            JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
                AND d.deptype = 'i'
            WHERE c.oid = ANY (of_pg_class) AND c.relkind = 't'""",
    ),
    "pg_constraint": (
        "pg_class",
        """SELECT coalesce(nullif(k.conrelid, 0), k.contypid) FROM pg_constraint AS k
            WHERE k.oid = ANY (of_pg_constraint) AND k.contype = 'n'""",
    ),
    "pg_rewrite": (
        "pg_class",
        """SELECT w.ev_class FROM pg_rewrite AS w
            WHERE w.oid = ANY (of_pg_rewrite) AND w.ev_type = '1'""",
    ),
    "pg_attrdef": (
        "pg_class",
        "SELECT d.adrelid FROM pg_attrdef AS d WHERE d.oid = ANY (of_pg_attrdef)",
    ),
}
"""By catalog, what else is told where its objects are touched.

A view tells its query, a table its TOAST table's options, a column its default and whether it is
NOT NULL.
"""
_TOLD_OF: Mapping[str, str] = {
    "pg_type": f"""SELECT coalesce(g.rngtypid, y.oid)
            FROM pg_type AS y LEFT JOIN pg_range AS g ON g.rngmultitypid = y.oid
            WHERE y.oid = ANY (of_pg_type) AND {LIVE["pg_type"]}
                AND (y.typrelid = 0 OR EXISTS (
                    SELECT FROM pg_class AS c WHERE c.oid = y.typrelid AND c.relkind = 'c'))""",
    "pg_rewrite": f"""SELECT w.oid FROM pg_rewrite AS w
            WHERE w.oid = ANY (of_pg_rewrite) AND {LIVE["pg_rewrite"]}""",
    "pg_trigger": f"""SELECT g.oid FROM pg_trigger AS g
            WHERE g.oid = ANY (of_pg_trigger) AND {LIVE["pg_trigger"]}""",
}
"""By catalog, which of its touched objects there is anything to tell of.

A range tells the name of its multirange.
"""
_FOLLOWED = (*LIVE, "pg_attrdef")
"""Whose touched objects the function keeps apart; the names of the variables begin with of_."""


_RESULTS: Mapping[str, str] = {
    "since": "text",
    "next": "text",
    "settings": "text",
    "named": "text",
    "database": "text",
    "is_small": "boolean",
    "told": "text",
    "live": "text",
    "lasting": "text",
    "has_temporary": "boolean",
    "said": "text",
}
_VARIABLES: Mapping[str, str] = {
    "moved": "oid[]",
    "rewritten": "oid[]",
    "losers": "oid[]",
    "counts": "text",
    "span": "integer",
    "found": "oid[]",
    "classes": "oid[] := '{}'",
    "oids": "oid[] := '{}'",
    "other": "oid",
    "catalogs": "oid[]",
} | {f"of_{name}": "oid[]" for name in _FOLLOWED}


@cache
def touched_routine(*, major: int) -> Routine:
    """The function whose one row has the columns of `Touched`, and what there is to tell.

    `known` is the transaction number of the reading that the caller knows, NULL for none. The
    function takes note of its snapshot and of what is counted.
    """
    return Routine(
        name="touched",
        parameters={"known": "text"},
        results=_RESULTS,
        variables=_VARIABLES,
        body="\n".join(_body(major)),
    )


def _body(major: int) -> Iterator[str]:
    yield f"""    lasting := {LASTING_VALUES};
    settings := {SETTINGS};
    {GUARDED}
    since := {noted(SINCE)};
    next := pg_snapshot_xmin(pg_current_snapshot())::xid;
    span := age(since::xid);"""
    yield when("since IS DISTINCT FROM known", note(COUNTS, "NULL"))
    yield f"    SELECT m.* INTO moved, rewritten, losers, counts\n    FROM ({moved_query(_counted())}) AS m;"
    yield f"    is_small := {has_moved(*SMALL_SOURCES)};"
    for name, stamp in (("named", NAMED), ("database", DATABASE)):
        yield when(has_moved(*stamp.catalogs), f"{name} := ({stamp.sql});")
    yield from _fresh()
    yield when("oids <> '{}'", *_following(major))
    yield when("losers <> '{}'", *_live())
    yield f"    has_temporary := {HAS_TEMPORARY};"
    notes = {BEFORE: "since", SINCE: "next", COUNTS: "counts"}
    yield from (f"    {note(setting, value)}" for setting, value in notes.items())


def _counted() -> tuple[str, ...]:
    """The catalogs whose writing PostgreSQL is asked to have counted."""
    others = (*SMALL_SOURCES, *NAMED.catalogs, *DATABASE.catalogs)
    return tuple(dict.fromkeys((*LIVE, *_PARTS, "pg_description", *others)))


def _fresh() -> Iterator[str]:
    """Look for the addresses of the objects with a new row in a catalog that has moved."""
    for name in LIVE:
        users = _found(name, name, oid="oid", condition=f"x.oid >= {FIRST_USER_OID}")
        if name in _WHOLLY:
            all_ = _found(name, name, oid="oid", condition="true")
            is_rewritten = f"{is_in(name, 'rewritten')} OR {is_in(name, 'losers')}"
            users = f"IF {is_rewritten} THEN\n{all_}\nELSE\n{users}\nEND IF;"
        yield when(has_moved(name), users)
    for name, (of, oid) in _PARTS.items():
        users = f"x.{oid} >= {FIRST_USER_OID}"
        yield when(has_moved(name), _found(name, of, oid=oid, condition=users))
    yield when(
        has_moved("pg_description"),
        f"""SELECT classes || array_agg(x.classoid), oids || array_agg(x.objoid)
            INTO classes, oids FROM pg_description AS x
            WHERE age(x.xmin) <= span AND x.objoid >= {FIRST_USER_OID};""",
    )


def _found(name: str, of: str, *, oid: str, condition: str) -> str:
    return f"""found := ARRAY(SELECT x.{oid} FROM {name} AS x
            WHERE age(x.xmin) <= span AND {condition});
        oids := oids || found;
        classes := classes || array_fill('{of}'::regclass::oid, ARRAY[cardinality(found)]);"""


def _following(major: int) -> Iterator[str]:
    """Follow what depends on the new rows, and let `told` tell of it."""
    known = array(_FOLLOWED)
    apart = ",\n            ".join(
        f"coalesce(array_agg(t.oid) FILTER (WHERE t.class = '{name}'::regclass), '{{}}')"
        for name in _FOLLOWED
    )
    variables = ", ".join(f"of_{name}" for name in _FOLLOWED)
    yield f"""WITH RECURSIVE touched (class, oid) AS (
            SELECT * FROM unnest(classes, oids)
            UNION
            SELECT d.classid, d.objid
            FROM touched AS t
            -- OFFSET 0: by the index. How little was touched, no plan can know.
            CROSS JOIN LATERAL (SELECT d.classid, d.objid FROM pg_depend AS d
                WHERE d.refclassid = t.class AND d.refobjid = t.oid OFFSET 0) AS d
        )
        SELECT {apart},
            min(t.oid) FILTER (WHERE t.class <> ALL ({known}))
        INTO {variables}, other FROM touched AS t;"""
    for name, (of, sql) in _TOLD_FOR.items():
        yield when(f"of_{name} <> '{{}}'", f"of_{of} := of_{of} || ARRAY({sql});")
    for name, sql in _TOLD_OF.items():
        yield when(f"of_{name} <> '{{}}'", f"of_{name} := ARRAY({sql});")
    yield f"told := concat_ws(';', '{OTHER}=' || other, {_words()});"
    yield f"catalogs := {' || '.join(_catalog_of(name) for name in LIVE)};"
    yield f"oids := {' || '.join(f'of_{name}' for name in LIVE)};"
    yield when("catalogs <> '{}'", f"said := {told_routine(major=major).call('catalogs', 'oids')};")


def _words() -> str:
    return ", ".join(f"'{name}=' || array_to_string(of_{name}, ',')" for name in LIVE)


def _catalog_of(name: str) -> str:
    return f"CASE WHEN of_{name} <> '{{}}' THEN {array([name])} ELSE '{{}}' END"


def _live() -> Iterator[str]:
    """List what there is in the catalogs that have lost rows, each with its name in front."""
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
    for name, sql in rows.items():
        live = f"concat_ws(';', nullif(live, ''), '{name}=' || coalesce(({sql}), ''))"
        yield when(is_in(name, "losers"), f"live := {live};")
