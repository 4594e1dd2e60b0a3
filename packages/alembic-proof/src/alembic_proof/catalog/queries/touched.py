"""What was touched since an earlier reading: the statement that spares reading all again.

A row of a system catalog that was written has a transaction number in xmin that an earlier
snapshot did not see. What another object is called stands in whatever depends on it, so that
everything that depends on a touched object, directly or not, counts as touched as well.
Source: ddl-system-columns; catalog-pg-depend; functions-info, "Transaction ID and Snapshot
Information Functions". Rows that PostgreSQL writes in place (relation sizes, relhasindex) keep
their xmin: nothing of them is in a catalog.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from alembic_proof.catalog.queries.frame import FIRST_USER_OID

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
    "pg_amop": ("pg_opfamily", "amopfamily"),
    "pg_amproc": ("pg_opfamily", "amprocfamily"),
    "pg_ts_config_map": ("pg_ts_config", "mapcfg"),
}
"""Catalogs whose rows are parts of an object in another catalog."""
_SAID = ("pg_description", "pg_seclabel", "pg_init_privs")
"""Catalogs whose rows speak of an object in any catalog."""

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

_COUNTED = {
    **dict.fromkeys(SMALL, "oid"),
    "pg_amop": "amopfamily",
    "pg_amproc": "amprocfamily",
    "pg_ts_config_map": "mapcfg",
}
"""The small catalogs, and whose OID tells that a row is a user's."""
_SETTINGS = (
    *("DateStyle", "IntervalStyle", "TimeZone", "bytea_output", "extra_float_digits"),
    *("quote_all_identifiers", "standard_conforming_strings", "lc_monetary", "role"),
)
"""What a definition's text depends on beside the catalog."""


@cache
def touched_statement() -> str:
    """The statement; `$1` is the transaction number that the earlier reading noted, an xid.

    One row, the columns of `reader.Touched`. Everything is of the statement's own snapshot.
    """
    return f"""WITH RECURSIVE fresh (class, oid) AS (
{_fresh()}
), touched (class, oid) AS (
    SELECT class, oid FROM fresh
    UNION
    SELECT d.classid, d.objid
    FROM touched AS t
    JOIN pg_depend AS d ON d.refclassid = t.class AND d.refobjid = t.oid
), told (class, oid, unit) AS MATERIALIZED (
    SELECT t.class, t.oid, CASE t.class
{_units()}
    END
    FROM touched AS t
)
SELECT pg_snapshot_xmin(pg_current_snapshot())::xid::text,
    ({_surroundings()}),
    ({_small()}),
    EXISTS (SELECT FROM told AS t WHERE t.oid < {FIRST_USER_OID}
            AND NOT (t.class = 'pg_namespace'::regclass
                AND t.oid = (SELECT oid FROM pg_namespace WHERE nspname = 'public'))
        OR EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = t.class AND d.objid = t.oid
            AND d.deptype = 'e')),
    EXISTS (SELECT FROM told AS t WHERE t.unit IS NULL),
    (SELECT array_to_string(array_agg(DISTINCT t.unit), ',') FROM told AS t),
    concat_ws(',',
{_live()})"""


def _fresh() -> str:
    """The addresses of the objects with a row that the earlier snapshot did not see."""
    is_fresh = "age(x.xmin) <= (SELECT age($1))"
    whole = {
        name: (f"'{name}'::regclass::oid", "x.oid")
        for name in (*OWN, *(one for one in HUNG if one != "pg_attrdef"), *SMALL)
    }
    parts = {name: (f"'{of}'::regclass::oid", f"x.{oid}") for name, (of, oid) in _PARTS.items()}
    said = dict.fromkeys(_SAID, ("x.classoid", "x.objoid"))
    sources = [
        f"    SELECT {class_}, {oid}::oid FROM {name} AS x WHERE {is_fresh}"
        for name, (class_, oid) in (whole | parts | said).items()
    ]
    # Whether a foreign key's triggers are switched off is told with the key.
    keys = "    SELECT 'pg_constraint'::regclass::oid, x.tgconstraint FROM pg_trigger AS x"
    return "\n    UNION ALL\n".join([*sources, f"{keys} WHERE x.tgconstraint <> 0 AND {is_fresh}"])


def _units() -> str:
    return "\n".join(
        f"    WHEN '{name}'::regclass THEN {sql}" for name, sql in {**OWN, **HUNG}.items()
    )


def _live() -> str:
    """What there is, each as one word: catalog, OID and what else tells one from another."""
    rows = [
        f"(SELECT string_agg('{name}:' || oid, ',') FROM {name}"
        f" WHERE oid >= {FIRST_USER_OID} AND {condition})"
        for name, condition in LIVE.items()
    ]
    comments = f"""(SELECT string_agg(concat_ws(':', c.relname, d.objoid, d.objsubid, 'said'), ',')
        FROM pg_description AS d JOIN pg_class AS c ON c.oid = d.classoid
        WHERE d.objoid >= {FIRST_USER_OID})"""
    inherits = (
        "(SELECT string_agg('pg_class:' || inhrelid || ':' || inhparent, ',') FROM pg_inherits)"
    )
    return ",\n".join(f"    {sql}" for sql in (*rows, comments, inherits))


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
        (SELECT count(*) || '/' || sum(hashint8(objid::bigint + classid::bigint)) FROM pg_depend
            WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e')))"""


def _small() -> str:
    """What tells that something went from the small catalogs, and all of what shows no xmin."""
    counts = ", ".join(
        f"(SELECT count(*) FROM {name} WHERE {oid} >= {FIRST_USER_OID})"
        for name, oid in _COUNTED.items()
    )
    return f"""SELECT md5(concat_ws('|', {counts},
        (SELECT md5(string_agg(m::text, ',' ORDER BY m.umid)) FROM pg_user_mappings AS m),
        (SELECT b.datdba || coalesce(b.datacl::text, '') FROM pg_database AS b
            WHERE b.datname = current_database()),
        (SELECT string_agg(s::text, ',' ORDER BY s.setrole) FROM pg_db_role_setting AS s
            JOIN pg_database AS b ON b.oid = s.setdatabase AND b.datname = current_database()),
        (SELECT shobj_description(oid, 'pg_database') FROM pg_database
            WHERE datname = current_database()),
        (SELECT count(*) FROM pg_description WHERE objoid < {FIRST_USER_OID} AND objoid IN (
            SELECT oid FROM pg_namespace WHERE nspname = 'public'
            UNION ALL SELECT oid FROM pg_extension)),
        (SELECT string_agg(concat_ws(' ', s.subname, s.subowner, s.subenabled, s.subpublications,
                s.subslotname, s.subsynccommit, s.subbinary, s.substream, s.subtwophasestate,
                s.subdisableonerr), ',' ORDER BY s.oid)
            FROM pg_subscription AS s JOIN pg_database AS b
            ON b.oid = s.subdbid AND b.datname = current_database())))"""
