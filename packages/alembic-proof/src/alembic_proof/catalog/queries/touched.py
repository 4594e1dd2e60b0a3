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
from alembic_proof.catalog.queries.moved import has_moved, moved_table

HUNG: Mapping[str, str] = {
    "pg_constraint": "(SELECT coalesce(nullif(k.conrelid, 0), k.contypid) FROM pg_constraint AS k"
    " WHERE k.oid = t.oid)",
    "pg_trigger": "(SELECT g.tgrelid FROM pg_trigger AS g WHERE g.oid = t.oid)",
    "pg_rewrite": "(SELECT w.ev_class FROM pg_rewrite AS w WHERE w.oid = t.oid)",
    "pg_policy": "(SELECT p.polrelid FROM pg_policy AS p WHERE p.oid = t.oid)",
    "pg_attrdef": "(SELECT d.adrelid FROM pg_attrdef AS d WHERE d.oid = t.oid)",
}
"""By catalog, the table or type that an object `t` hangs on; it is read with all that does."""

_RELATION = """(SELECT CASE
        WHEN c.relkind IN ('i', 'I') THEN (SELECT i.indrelid FROM pg_index AS i
            WHERE i.indexrelid = c.oid)
        WHEN c.relkind = 't' THEN (SELECT d.refobjid FROM pg_depend AS d
            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i')
        ELSE c.oid END
    FROM pg_class AS c WHERE c.oid = t.oid)"""
"""An index and a TOAST table are told with their table."""
_TYPE = "coalesce((SELECT g.rngtypid FROM pg_range AS g WHERE g.rngmultitypid = t.oid), t.oid)"
"""A range tells the name of its multirange."""

OWN: Mapping[str, str] = {"pg_class": _RELATION, "pg_type": _TYPE, "pg_proc": "t.oid"}
"""By catalog, what is read again for a touched object `t` that hangs on nothing."""

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
_SAID = ("pg_description", "pg_seclabel", "pg_init_privs")
"""Catalogs whose rows speak of an object in any catalog."""
_WHOLLY = frozenset(
    {"pg_class", "pg_type", "pg_proc", "pg_namespace", "pg_language", "pg_extension"}
)
"""Where initdb's own objects can change as well: their privileges, the schema public."""

SMALL = (
    *("pg_namespace", "pg_extension", "pg_default_acl", "pg_event_trigger"),
    *("pg_foreign_data_wrapper", "pg_foreign_server", "pg_publication", "pg_publication_rel"),
    *("pg_publication_namespace", "pg_statistic_ext", "pg_operator", "pg_opclass"),
    *("pg_opfamily", "pg_cast", "pg_collation", "pg_conversion", "pg_ts_config"),
    *("pg_ts_dict", "pg_ts_parser", "pg_ts_template", "pg_language", "pg_transform", "pg_am"),
)
"""Catalogs with few rows of users: all of them are read again when one was touched."""

LIVE: Mapping[str, str] = {
    "pg_class": "relkind <> 't'",
    "pg_constraint": "contype <> 'n'",
    "pg_type": "(typcategory <> 'A' OR typtype <> 'b')",
    "pg_proc": "true",
    "pg_trigger": "NOT tgisinternal",
    "pg_rewrite": "ev_type <> '1'",
    "pg_policy": "true",
}
"""The catalogs that are followed row by row, and which of their rows a reading may hold."""

_SMALL_PARTS = {
    "pg_amop": ("pg_opfamily", "amopfamily"),
    "pg_amproc": ("pg_opfamily", "amprocfamily"),
    "pg_ts_config_map": ("pg_ts_config", "mapcfg"),
}
_SMALL_SOURCES = (*SMALL, *_SMALL_PARTS)
_SETTINGS = (
    *("DateStyle", "IntervalStyle", "TimeZone", "bytea_output", "extra_float_digits"),
    *("quote_all_identifiers", "standard_conforming_strings", "lc_monetary", "role"),
)
"""What a definition's text depends on beside the catalog."""


SINCE = "alembic_proof.since"
"""The setting in which a session keeps the transaction number of the last reading."""

TOLD = f"""since (number) AS MATERIALIZED (
    SELECT nullif(current_setting('{SINCE}', true), '')::xid
), {{moved}}, small (class, oid, is_fresh) AS MATERIALIZED (
    SELECT x.class, x.oid, {{is_fresh}}
    FROM (SELECT WHERE {{is_looked_at}} OFFSET 0) AS gate
    CROSS JOIN (
{{small}}
    ) AS x (class, oid, xmin)
), fresh (class, oid) AS (
    SELECT class, oid FROM small WHERE is_fresh
    UNION ALL
    SELECT x.class, x.oid FROM (
{{large}}
    ) AS x (class, oid, xmin)
    WHERE {{is_fresh}}
), touched (class, oid) AS (
    SELECT class, oid FROM fresh
    UNION
    SELECT d.classid, d.objid
    FROM touched AS t
    -- OFFSET 0: by the index. How little was touched, no plan can know.
    CROSS JOIN LATERAL (SELECT d.classid, d.objid FROM pg_depend AS d
        WHERE d.refclassid = t.class AND d.refobjid = t.oid OFFSET 0) AS d
), told (class, oid, unit) AS MATERIALIZED (
    SELECT t.class, t.oid, CASE t.class
{{units}}
    END
    FROM touched AS t
)"""


@cache
def told_tables() -> str:
    """The common tables of a statement: `since`, and `told`, what was touched after it.

    `told` has an object's class and OID, and the OID of what is read again for it, NULL where
    that is all of the small catalogs.
    """
    return TOLD.format(
        moved=moved_table(_counted()),
        is_fresh=_IS_FRESH,
        is_looked_at=has_moved(*_SMALL_SOURCES),
        small=_small_rows(),
        large=_large_rows(),
        units=_units(),
    )


@cache
def answer_columns() -> str:
    """What a statement selects beside these tables: the columns of `touched.Touched`."""
    return f"""(SELECT number::text FROM since),
    pg_snapshot_xmin(pg_current_snapshot())::xid::text AS next,
    ({_surroundings()}),
    {only(has_moved(*_SMALL_SOURCES), f"({_small_there()})")},
    ({_small()}),
    EXISTS (SELECT FROM told AS t WHERE t.oid < {FIRST_USER_OID}
            AND NOT (t.class = 'pg_namespace'::regclass
                AND t.oid = (SELECT oid FROM pg_namespace WHERE nspname = 'public'))
        OR EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = t.class AND d.objid = t.oid
            AND d.deptype = 'e' OFFSET 0)),
    EXISTS (SELECT FROM told AS t WHERE t.unit IS NULL)
        -- An ordinary role does not see the xmin of user mappings and subscriptions.
        OR EXISTS (SELECT FROM pg_foreign_server)
        OR EXISTS (SELECT FROM pg_subscription),
    concat_ws(';',
{_live()}),
    (SELECT counts::text FROM moved) AS counts"""


_IS_FRESH = "age(x.xmin) <= (SELECT age(number) FROM since)"


def _small_rows() -> str:
    """The rows of users in the small catalogs."""
    sources = {name: (name, "oid") for name in SMALL} | _SMALL_PARTS
    return "\n    UNION ALL\n".join(
        f"    SELECT '{of}'::regclass::oid, x.{oid}::oid, x.xmin FROM {name} AS x"
        f" WHERE true{_users(name, oid)}"
        for name, (of, oid) in sources.items()
    )


def _large_rows() -> str:
    """The addresses of the objects with a row in a catalog that has moved."""
    whole = {name: (name, "oid") for name in (*OWN, *HUNG) if name not in _PARTS}
    sources = [
        f"    SELECT '{of}'::regclass::oid, x.{oid}::oid, x.xmin FROM {name} AS x"
        f" WHERE {has_moved(name)}{_users(name, oid)}"
        for name, (of, oid) in (whole | _PARTS).items()
    ]
    said = [
        f"    SELECT x.classoid, x.objoid, x.xmin FROM {name} AS x"
        f" WHERE {has_moved(name)}{_users(name, 'objoid')}"
        for name in _SAID
    ]
    # Whether a foreign key's triggers are switched off is told with the key.
    keys = f"""    SELECT 'pg_constraint'::regclass::oid, x.tgconstraint, x.xmin FROM pg_trigger AS x
    WHERE {has_moved("pg_trigger")} AND x.tgconstraint <> 0"""
    return "\n    UNION ALL\n".join([*sources, *said, keys])


def _users(name: str, oid: str) -> str:
    """The condition that spares what initdb made, by an index."""
    return "" if name in _WHOLLY else f" AND x.{oid} >= {FIRST_USER_OID}"


def _units() -> str:
    return "\n".join(
        f"    WHEN '{name}'::regclass THEN {sql}" for name, sql in {**OWN, **HUNG}.items()
    )


def _counted() -> tuple[str, ...]:
    """The catalogs whose writing PostgreSQL is asked to have counted."""
    return tuple(dict.fromkeys((*_SMALL_SOURCES, *OWN, *HUNG, *_PARTS, *_SAID)))


def _live() -> str:
    """What there is by catalog, each as one word: catalog, OID and what tells one from another.

    A catalog that has not moved is left out.
    """
    rows = {
        name: f"SELECT string_agg('{name}:' || oid, ',') FROM {name}"
        f" WHERE oid >= {FIRST_USER_OID} AND {condition}"
        for name, condition in LIVE.items()
    }
    rows["pg_description"] = f"""SELECT
            string_agg(concat_ws(':', c.relname, d.objoid, d.objsubid, 'said'), ',')
        FROM pg_description AS d JOIN pg_class AS c ON c.oid = d.classoid
        WHERE d.objoid >= {FIRST_USER_OID}"""
    rows["pg_inherits"] = (
        "SELECT string_agg('pg_class:' || inhrelid || ':' || inhparent, ',') FROM pg_inherits"
    )
    words = (
        only(has_moved(name), f"'{name}=' || coalesce(({sql}), '')") for name, sql in rows.items()
    )
    return ",\n".join(f"    {sql}" for sql in words)


def _surroundings() -> str:
    """What any object's description may hold though no dependency says so."""
    settings = ", ".join(f"current_setting('{name}')" for name in _SETTINGS)
    return f"""SELECT md5(concat_ws('|', {settings}, current_user,
        (SELECT oid FROM pg_database WHERE datname = current_database()),
        (SELECT string_agg(oid || '=' || rolname, ',' ORDER BY oid) FROM pg_roles),
        (SELECT string_agg(oid || '=' || spcname, ',' ORDER BY oid) FROM pg_tablespace),
        (SELECT string_agg(oid || '=' || nspname, ',' ORDER BY oid) FROM pg_namespace
            WHERE nspname !~ '^pg_(toast|temp)'),
        (SELECT count(*) FROM pg_seclabel),
        (SELECT count(*) FROM pg_init_privs),
        (SELECT count(*) || '/' || sum(hashint8(d.objid::bigint + d.classid::bigint))
            FROM pg_extension AS e
            CROSS JOIN LATERAL (SELECT objid, classid FROM pg_depend
                WHERE refclassid = 'pg_extension'::regclass AND refobjid = e.oid
                    AND deptype = 'e' OFFSET 0) AS d)))"""


def _small_there() -> str:
    """What tells that something went from the small catalogs."""
    return """SELECT count(*) || '/' || sum(hashint8(class::bigint * 4294967296 + oid::bigint))
        FROM small"""


def _small() -> str:
    """All of what shows no xmin."""
    return f"""SELECT md5(concat_ws('|',
        (SELECT count(*) FROM pg_subscription),
        (SELECT concat_ws(' ', b.datdba, b.datacl, shobj_description(b.oid, 'pg_database'),
                (SELECT string_agg(s::text, ',' ORDER BY s.setrole) FROM pg_db_role_setting AS s
                    WHERE s.setdatabase = b.oid))
            FROM pg_database AS b WHERE b.datname = current_database()),
        (SELECT string_agg(d.description, '|' ORDER BY d.objoid) FROM pg_description AS d
            WHERE d.objoid < {FIRST_USER_OID} AND d.objoid IN (
                SELECT oid FROM pg_namespace WHERE nspname = 'public'
                UNION ALL SELECT oid FROM pg_extension))))"""
