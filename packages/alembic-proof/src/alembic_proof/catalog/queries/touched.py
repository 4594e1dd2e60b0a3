"""What was touched since an earlier reading: the function that spares reading all again.

A row of a system catalog that was written has a transaction number in xmin that an earlier
snapshot did not see.
Source: ddl-system-columns; functions-info, "Transaction ID and Snapshot Information Functions".
Rows that PostgreSQL writes in place (relation sizes, relhasindex) keep their xmin: nothing of them
is in a catalog.

Catalogs that PostgreSQL has counted no new writing in are passed over (`queries.moved`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from alembic_proof.catalog.queries.frame import FIRST_USER_OID
from alembic_proof.catalog.queries.fresh import FRESH_SOURCES, fresh
from alembic_proof.catalog.queries.lasting import HAS_TEMPORARY, LASTING_VALUES
from alembic_proof.catalog.queries.live import LIVE
from alembic_proof.catalog.queries.moved import VARIABLES as MOVED
from alembic_proof.catalog.queries.moved import has_moved, is_in, moved
from alembic_proof.catalog.queries.noted import BEFORE, COUNTS, SINCE, note, noted
from alembic_proof.catalog.queries.routine import GUARDED, Routine, when
from alembic_proof.catalog.queries.small import SMALL_SOURCES
from alembic_proof.catalog.queries.surroundings import SETTINGS, STAMPS
from alembic_proof.catalog.queries.telling import RESULTS, VARIABLES, telling


@cache
def touched_routine(*, major: int) -> Routine:
    """The function whose one row has the columns of `Touched`.

    `known` is the transaction number of the reading that the caller knows, NULL for none. The
    function takes note of its snapshot and of what is counted.
    """
    return Routine(
        name="touched",
        parameters={"known": "text"},
        results={
            "since": "text",
            "next": "text",
            "settings": "text",
            "is_small": "boolean",
            "live": "text",
            "lasting": "text",
            "has_temporary": "boolean",
            **dict.fromkeys(STAMPS, "text"),
            **RESULTS,
        },
        variables={"span": "integer", **MOVED, **VARIABLES},
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
    yield from moved(_counted())
    yield when("moved <> '{}'", *_looked(major))
    for setting, value in {BEFORE: "since", SINCE: "next"}.items():
        yield f"    {note(setting, value)}"


def _looked(major: int) -> Iterator[str]:
    """Look at what has moved."""
    yield f"is_small := {has_moved(*SMALL_SOURCES)};"
    for name, stamp in STAMPS.items():
        yield when(has_moved(*stamp.catalogs), f"{name} := ({stamp.sql});")
    yield when(has_moved("pg_depend"), f"has_temporary := {HAS_TEMPORARY};")
    yield from fresh()
    yield from telling(major=major)
    yield when("losers <> '{}'", *_live())


def _counted() -> tuple[str, ...]:
    """The catalogs whose writing PostgreSQL is asked to have counted."""
    stamped = (catalog for stamp in STAMPS.values() for catalog in stamp.catalogs)
    return tuple(dict.fromkeys((*FRESH_SOURCES, *SMALL_SOURCES, *stamped)))


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
