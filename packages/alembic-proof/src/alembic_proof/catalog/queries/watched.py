"""Whether anything can show that a relation has got or lost a column: queries, and its row type."""

from __future__ import annotations

from functools import cache

from alembic_proof.catalog.queries.routine import GUARDED, Routine

_BY_QUERIES = """SELECT FROM pg_depend AS d
        WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (relations)
            AND d.classid IN ('pg_rewrite'::regclass, 'pg_policy'::regclass, 'pg_proc'::regclass)"""
"""Rules, views, policies and the bodies of functions: a FROM may have to tell columns apart."""

_BY_ROWS = """SELECT FROM pg_class AS c JOIN pg_type AS y ON y.oid = c.reltype
        CROSS JOIN LATERAL (SELECT d.objid FROM pg_depend AS d
            WHERE d.refclassid = 'pg_type'::regclass AND d.refobjid IN (y.oid, y.typarray)
            OFFSET 0) AS d
        WHERE c.oid = ANY (relations) AND d.objid <> y.typarray"""
"""Whatever has the row type: a function that returns it shows its columns in each FROM."""


@cache
def watched_routine() -> Routine:
    """The function that says so of these relations; composite types count as watched."""
    return Routine(
        name="watched",
        parameters={"relations": "oid[]"},
        results={"is_watched": "boolean"},
        variables={},
        body=f"""    {GUARDED}
    is_watched := EXISTS (SELECT FROM pg_class AS c WHERE c.oid = ANY (relations) AND c.relkind = 'c')
        OR EXISTS ({_BY_QUERIES})
        OR EXISTS ({_BY_ROWS});""",
    )
