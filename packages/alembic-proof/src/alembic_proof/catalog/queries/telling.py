"""What there is to tell of touched objects, which a function keeps apart by their catalogs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from alembic_proof.catalog.queries.live import LIVE
from alembic_proof.catalog.queries.moved import array
from alembic_proof.catalog.queries.routine import when
from alembic_proof.catalog.queries.told import told_routine

OTHER = "other"
"""Stands for all catalogs that are not followed row by row; of their objects the first is told."""
RESULTS: Mapping[str, str] = {"told": "text", "said": "text"}
_APART = (*LIVE, "pg_attrdef")
VARIABLES: Mapping[str, str] = {
    "other": "oid",
    "catalogs": "oid[]",
} | {f"of_{name}": "oid[] := '{}'" for name in _APART}
"""The touched objects of each catalog, and what is told of them."""

_TOLD_FOR: Mapping[str, tuple[str, str]] = {
    "pg_class": (
        "pg_class",
        """SELECT (SELECT d.refobjid FROM pg_depend AS d
                WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i')
            FROM pg_class AS c WHERE c.oid = ANY (of_pg_class) AND c.relkind = 't'
            UNION ALL
            SELECT i.indrelid FROM pg_index AS i
            WHERE i.indexrelid = ANY (of_pg_class) AND i.indisreplident""",
    ),
    "pg_constraint": (
        "pg_class",
        """SELECT CASE k.contype WHEN 'n' THEN coalesce(nullif(k.conrelid, 0), k.contypid)
                ELSE k.conindid END
            FROM pg_constraint AS k
            WHERE k.oid = ANY (of_pg_constraint) AND k.contype IN ('n', 'p', 'u', 'x')""",
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

A view tells its query, a table its TOAST table's options and which index is its replica identity, a
column its default and whether it is NOT NULL, an index whether a constraint carries it.
"""
_TOLD_OF: Mapping[str, str] = {
    "pg_type": f"""SELECT CASE WHEN y.typtype <> 'm' THEN y.oid ELSE (
                SELECT g.rngtypid FROM pg_range AS g WHERE g.rngmultitypid = y.oid) END
            FROM pg_type AS y
            WHERE y.oid = ANY (of_pg_type) AND {LIVE["pg_type"]}
                AND CASE WHEN y.typrelid = 0 THEN true ELSE (
                    SELECT c.relkind = 'c' FROM pg_class AS c WHERE c.oid = y.typrelid) END""",
    "pg_rewrite": f"""SELECT w.oid FROM pg_rewrite AS w
            WHERE w.oid = ANY (of_pg_rewrite) AND {LIVE["pg_rewrite"]}""",
    "pg_trigger": f"""SELECT g.oid FROM pg_trigger AS g
            WHERE g.oid = ANY (of_pg_trigger) AND {LIVE["pg_trigger"]}""",
}
"""By catalog, which of its touched objects there is anything to tell of.

A range tells the name of its multirange.
"""


def kept_apart(source: str) -> str:
    """The statement that adds the rows `t (class, oid)` of the source to the variables."""
    apart = ",\n            ".join(
        f"of_{name} || coalesce("
        f"array_agg(t.oid) FILTER (WHERE t.class = '{name}'::regclass), '{{}}')"
        for name in _APART
    )
    variables = ", ".join(f"of_{name}" for name in _APART)
    return f"""SELECT {apart},
            least(other, min(t.oid) FILTER (WHERE t.class <> ALL ({array(_APART)})))
        INTO {variables}, other
        FROM {source};"""


def telling(*, major: int) -> Iterator[str]:
    """The statements that make the results of the variables."""
    for name, (of, sql) in _TOLD_FOR.items():
        yield when(f"of_{name} <> '{{}}'", f"of_{of} := of_{of} || ARRAY({sql});")
    for name, sql in _TOLD_OF.items():
        yield when(f"of_{name} <> '{{}}'", f"of_{name} := ARRAY({sql});")
    words = ", ".join(f"'{name}=' || array_to_string(of_{name}, ',')" for name in LIVE)
    yield f"    told := concat_ws(';', '{OTHER}=' || other, {words});"
    yield f"    catalogs := {' || '.join(_catalog_of(name) for name in LIVE)};"
    oids = " || ".join(f"of_{name}" for name in LIVE)
    call = told_routine(major=major).call("catalogs", oids)
    yield when("catalogs <> '{}'", f"said := {call};")


def _catalog_of(name: str) -> str:
    return f"CASE WHEN of_{name} <> '{{}}' THEN {array([name])} ELSE '{{}}' END"
