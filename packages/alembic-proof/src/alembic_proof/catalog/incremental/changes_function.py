"""Report all changes since an earlier reading in one row, by a function in the session.

A changed row of a system catalog has an xmin that the earlier snapshot did not see. PostgreSQL
changes some columns in place and keeps xmin (relation sizes, relhasindex); no reading has them.
Source: ddl-system-columns; functions-info, "Transaction ID and Snapshot Information Functions".

Catalogs whose counters did not change are not read (`changed_rows`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from alembic_proof.catalog.incremental.changed_rows import (
    CHANGED_CATALOGS_VARIABLES,
    ROW_TRACKED_CATALOGS,
    SMALL_SOURCES,
    changed_catalogs,
    has_changed,
)
from alembic_proof.catalog.incremental.object_rows import (
    CHANGED_OBJECTS_RESULTS,
    CHANGED_OBJECTS_VARIABLES,
    collect_objects,
    report_objects,
)
from alembic_proof.catalog.incremental.temp_function import (
    COUNTERS_SETTING,
    PREVIOUS_XMIN_SETTING,
    SET_FUNCTION_SETTINGS,
    XMIN_SETTING,
    TempFunction,
    contains,
    get_setting,
    if_sql,
    set_setting,
)
from alembic_proof.catalog.prepared import FUNCTION_PREFIX
from alembic_proof.catalog.queries.sql_fragments import FIRST_USER_OID
from alembic_proof.catalog.session_settings import SESSION_SETTINGS_SQL

_SESSION_IDENTITY = "concat_ws('|', current_setting('role'), current_user, current_database())"
"""The role and database of the session as one text; owners and privileges are read relative to it."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A text that changes if these catalogs change in a way that no dependency records."""

    catalogs: tuple[str, ...]
    sql: str


_NAMES = Stamp(
    ("pg_authid", "pg_tablespace", "pg_namespace", "pg_extension"),
    """SELECT md5(concat_ws('|',
        (SELECT string_agg(oid || '=' || rolname, ',' ORDER BY oid) FROM pg_roles),
        (SELECT string_agg(oid || '=' || spcname, ',' ORDER BY oid) FROM pg_tablespace),
        (SELECT string_agg(oid || '=' || nspname, ',' ORDER BY oid) FROM pg_namespace
            WHERE nspname !~ '^pg_(toast|temp)')))""",
)
"""The names that any definition may contain: roles, tablespaces, schemas."""
_MEMBERS = Stamp(
    ("pg_extension", "pg_depend"),
    """SELECT count(*) || '/' || sum(hashint8(d.classid::bigint * 4294967296 + d.objid::bigint))
        FROM pg_extension AS e
        CROSS JOIN LATERAL (SELECT objid, classid FROM pg_depend
            WHERE refclassid = 'pg_extension'::regclass AND refobjid = e.oid
                AND deptype = 'e' OFFSET 0) AS d""",
)
"""The objects of extensions."""
_DATABASE = Stamp(
    ("pg_database", "pg_shdescription", "pg_db_role_setting", "pg_description"),
    f"""SELECT md5(concat_ws('|',
        (SELECT concat_ws(' ', b.datdba, b.datacl, shobj_description(b.oid, 'pg_database'),
                (SELECT string_agg(s::text, ',' ORDER BY s.setrole) FROM pg_db_role_setting AS s
                    WHERE s.setdatabase = b.oid))
            FROM pg_database AS b WHERE b.datname = current_database()),
        (SELECT string_agg(concat_ws('=', d.classoid, d.objoid, d.description), '|'
                ORDER BY d.classoid, d.objoid) FROM pg_description AS d
            WHERE d.objoid < {FIRST_USER_OID} AND d.objoid IN (
                SELECT oid FROM pg_namespace WHERE nspname = 'public'
                UNION ALL SELECT oid FROM pg_extension))))""",
)
"""The database's own attributes, and comments on objects of initdb."""
STAMPS: Mapping[str, Stamp] = {"names": _NAMES, "members": _MEMBERS, "database": _DATABASE}

_HAS_TEMPORARY_OBJECTS = f"""CASE WHEN pg_my_temp_schema() <> 0 THEN EXISTS (
        SELECT FROM pg_depend AS d WHERE d.refclassid = 'pg_namespace'::regclass
            AND d.refobjid = pg_my_temp_schema() AND NOT EXISTS (
                SELECT FROM pg_proc AS p WHERE d.classid = 'pg_proc'::regclass
                    AND p.oid = d.objid AND starts_with(p.proname, '{FUNCTION_PREFIX}'))
        OFFSET 0) ELSE false END"""
"""Whether the session's temporary schema has objects other than this package's functions.

Source: functions-info, pg_my_temp_schema.
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
    # A foreign key's row says whether its triggers are disabled.
    "pg_trigger": ("pg_constraint", "tgconstraint"),
}
"""The catalogs whose rows are parts of an object: its catalog, and the column of its OID."""
_WITH_BUILT_IN_ROWS = frozenset({"pg_class", "pg_type", "pg_proc"})
"""The catalogs in which rows of initdb can change as well: privileges."""
_IS_USER_MADE = f"x.{{}} >= {FIRST_USER_OID}"
_ROW_SOURCES = (*ROW_TRACKED_CATALOGS, *_PARTS, "pg_description")


@cache
def changes_function(*, major: int) -> TempFunction:
    """Return the function whose one row has the fields of a ChangeReport.

    Its argument is the `next` of the caller's last report, or NULL. It stores its snapshot and the
    counters in the session for the next call.
    """
    return TempFunction(
        name="changes",
        parameters={"known": "text"},
        results={
            "since": "text",
            "next": "text",
            "session_identity": "text",
            "has_small_changes": "boolean",
            "remaining": "text",
            "session_settings": "text",
            "has_temporary_objects": "boolean",
            **dict.fromkeys(STAMPS, "text"),
            **CHANGED_OBJECTS_RESULTS,
        },
        variables={
            "max_age": "integer",
            **CHANGED_CATALOGS_VARIABLES,
            **CHANGED_OBJECTS_VARIABLES,
        },
        body="\n".join(_body(major)),
    )


def _body(major: int) -> Iterator[str]:
    yield f"""    session_settings := {SESSION_SETTINGS_SQL};
    session_identity := {_SESSION_IDENTITY};
    {SET_FUNCTION_SETTINGS}
    since := {get_setting(XMIN_SETTING)};
    next := pg_snapshot_xmin(pg_current_snapshot())::xid;
    max_age := age(since::xid);"""
    yield if_sql("since IS DISTINCT FROM known", set_setting(COUNTERS_SETTING, "NULL"))
    yield from changed_catalogs(_counted_catalogs())
    yield if_sql("changed <> '{}'", *_read_changed_catalogs(major))
    yield f"    {set_setting(PREVIOUS_XMIN_SETTING, 'since')}"
    yield f"    {set_setting(XMIN_SETTING, 'next')}"


def _counted_catalogs() -> tuple[str, ...]:
    stamped = (catalog for stamp in STAMPS.values() for catalog in stamp.catalogs)
    return tuple(dict.fromkeys((*_ROW_SOURCES, *SMALL_SOURCES, *stamped)))


def _read_changed_catalogs(major: int) -> Iterator[str]:
    yield f"has_small_changes := {has_changed(*SMALL_SOURCES)};"
    for name, stamp in STAMPS.items():
        yield if_sql(has_changed(*stamp.catalogs), f"{name} := ({stamp.sql});")
    yield if_sql(has_changed("pg_depend"), f"has_temporary_objects := {_HAS_TEMPORARY_OBJECTS};")
    yield from _collect_changed_objects()
    yield from report_objects(major=major)
    yield if_sql("with_deletes <> '{}'", *_list_remaining())


def _collect_changed_objects() -> Iterator[str]:
    """Yield the statements that add objects with rows newer than `max_age` to the variables."""
    for name in ROW_TRACKED_CATALOGS:
        found = _collect(name, oid="oid", condition=_IS_USER_MADE.format("oid"), of=name)
        if name in _WITH_BUILT_IN_ROWS:
            everything = _collect(name, oid="oid", condition="true", of=name)
            is_updated = contains("with_updates", name)
            found = f"IF {is_updated} THEN\n{everything}\nELSE\n{found}\nEND IF;"
        yield if_sql(has_changed(name), found)
    for name, (of, oid) in _PARTS.items():
        found = _collect(name, oid=oid, condition=_IS_USER_MADE.format(oid), of=of)
        yield if_sql(has_changed(name), found)
    commented = f"""(SELECT x.classoid, x.objoid FROM pg_description AS x
            WHERE age(x.xmin) <= max_age AND {_IS_USER_MADE.format("objoid")}) AS t (class, oid)"""
    yield if_sql(has_changed("pg_description"), collect_objects(commented))


def _collect(name: str, *, oid: str, condition: str, of: str) -> str:
    return f"""of_{of} := of_{of} || ARRAY(SELECT x.{oid} FROM {name} AS x
            WHERE age(x.xmin) <= max_age AND {condition});"""


def _list_remaining() -> Iterator[str]:
    """Yield the statements that list all rows of the catalogs from which rows were deleted."""
    rows = {
        name: f"SELECT string_agg(oid::text, ',') FROM {name}"
        f" WHERE oid >= {FIRST_USER_OID} AND {condition}"
        for name, condition in ROW_TRACKED_CATALOGS.items()
    }
    rows["pg_description"] = f"""SELECT
            string_agg(concat_ws(':', c.relname, d.objoid, d.objsubid), ',')
        FROM pg_description AS d JOIN pg_class AS c ON c.oid = d.classoid
        WHERE d.objoid >= {FIRST_USER_OID}"""
    rows["pg_inherits"] = "SELECT string_agg(inhrelid || ':' || inhparent, ',') FROM pg_inherits"
    for name, sql in rows.items():
        words = f"concat_ws(';', nullif(remaining, ''), '{name}=' || coalesce(({sql}), ''))"
        yield if_sql(contains("with_deletes", name), f"remaining := {words};")
