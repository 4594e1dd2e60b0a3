"""What depends on objects that are called otherwise: it may name them, or show what they hold."""

from __future__ import annotations

from functools import cache

from alembic_proof.catalog.queries.routine import GUARDED, Routine
from alembic_proof.catalog.queries.telling import RESULTS, VARIABLES, kept_apart, telling

_DEPENDENTS = """(
            WITH RECURSIVE touched (class, oid) AS (
                SELECT * FROM unnest(classes, oids)
                UNION
                SELECT d.classid, d.objid
                FROM touched AS t
                -- OFFSET 0: by the index. How little was touched, no plan can know.
                CROSS JOIN LATERAL ((SELECT d.classid, d.objid FROM pg_depend AS d
                    WHERE d.refclassid = t.class AND d.refobjid = t.oid OFFSET 0)
                    UNION ALL
                    SELECT 'pg_type'::regclass, c.reltype FROM pg_class AS c
                    WHERE t.class = 'pg_class'::regclass AND c.oid = t.oid AND c.relkind = 'c'
                    UNION ALL
                    SELECT 'pg_constraint'::regclass, k.oid
                    FROM pg_index AS i JOIN pg_constraint AS k ON k.conrelid = i.indrelid
                    WHERE t.class = 'pg_class'::regclass AND i.indexrelid = t.oid
                        AND i.indisexclusion AND k.conindid = i.indexrelid) AS d
            )
            SELECT * FROM touched EXCEPT SELECT * FROM unnest(classes, oids)
        ) AS t"""


"""A composite type's attributes are its relation's, on which the type itself does not depend; an
exclusion constraint tells the expressions that its index depends on."""


@cache
def dependents_routine(*, major: int) -> Routine:
    """The function that tells of everything that depends on the objects, directly or not.

    Its one row has the columns of `Telling`.
    """
    return Routine(
        name="dependents",
        parameters={"classes": "oid[]", "oids": "oid[]"},
        results=RESULTS,
        variables=VARIABLES,
        body="\n".join((f"    {GUARDED}", kept_apart(_DEPENDENTS), *telling(major=major))),
    )
