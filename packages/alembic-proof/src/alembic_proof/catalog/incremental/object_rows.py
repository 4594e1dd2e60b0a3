"""Read the rows of given objects, and find the objects that depend on others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from alembic_proof.catalog.incremental.changed_rows import ROW_TRACKED_CATALOGS
from alembic_proof.catalog.incremental.temp_function import (
    SET_FUNCTION_SETTINGS,
    TempFunction,
    contains,
    if_sql,
    oid_array,
)
from alembic_proof.catalog.queries.columns import COLUMNS, NOT_NULL, NOT_NULL_COMMENT
from alembic_proof.catalog.queries.comments import BUILT_IN_COMMENTS, COMMENTS, SECURITY_LABELS
from alembic_proof.catalog.queries.constraints import INDEXES
from alembic_proof.catalog.queries.object_query import AttributeQuery, ObjectQuery
from alembic_proof.catalog.queries.privileges import BUILT_IN
from alembic_proof.catalog.queries.sequences import IDENTITIES, SEQUENCES
from alembic_proof.catalog.queries.sql_fragments import is_user_made
from alembic_proof.catalog.queries.statement import (
    ATTRIBUTE_QUERIES,
    OBJECT_QUERIES,
    branches,
    json_rows,
    json_statement,
)
from alembic_proof.catalog.queries.tables import INHERITS, RELATIONS, REPLICA_INDEX

_IS_GIVEN = "({oid}) = ANY (oids)"
_QUERIES_BY_RELKINDS = {
    "{r,p,v,m,f,c}": (RELATIONS, COLUMNS, NOT_NULL, REPLICA_INDEX),
    "{S}": (SEQUENCES, IDENTITIES),
    "{i,I}": (INDEXES,),
}
_QUERIES_BY_EXISTENCE = {
    "SELECT FROM pg_inherits": (INHERITS,),
    f"SELECT FROM pg_description WHERE {is_user_made('objoid')}": (COMMENTS, NOT_NULL_COMMENT),
    "SELECT FROM pg_seclabel": (SECURITY_LABELS,),
}
"""Queries that find nothing in most databases, by a query that tells whether they can."""


@cache
def object_rows_function(*, major: int) -> TempFunction:
    """Return the function that reads the objects with these OIDs in these catalogs as JSON."""
    return TempFunction(
        name="object_rows",
        parameters={"catalogs": "oid[]", "oids": "oid[]"},
        results={"rows_json": "text"},
        variables={"kinds": '"char"[]'},
        body="\n".join(
            (
                f"    {SET_FUNCTION_SETTINGS}",
                *_row_statements(major),
                "    rows_json := concat('[', rows_json, ']');",
            )
        ),
    )


def _row_statements(major: int) -> Iterator[str]:
    """Yield the statements that add rows, of each catalog only the SELECTs that can find one."""
    yield if_sql(
        contains("catalogs", "pg_class"),
        "kinds := ARRAY(SELECT DISTINCT c.relkind FROM pg_class AS c WHERE c.oid = ANY (oids));",
        *(
            if_sql(f"kinds && '{kinds}'", _add_rows(queries, major=major))
            for kinds, queries in _QUERIES_BY_RELKINDS.items()
        ),
    )
    for catalog in ROW_TRACKED_CATALOGS:
        if queries := tuple(_queries_of(catalog)):
            yield if_sql(contains("catalogs", catalog), _add_rows(queries, major=major))
    for existence, queries in _QUERIES_BY_EXISTENCE.items():
        yield if_sql(f"EXISTS ({existence})", _add_rows(queries, major=major))


def _queries_of(catalog: str) -> Iterator[ObjectQuery | AttributeQuery]:
    """Yield the queries of one catalog's objects, other than pg_class."""
    if catalog != "pg_class":
        yield from (query for query in OBJECT_QUERIES if query.reads == catalog)
        yield from (query for query in ATTRIBUTE_QUERIES if query.catalogs == (catalog,))


def _add_rows(queries: tuple[ObjectQuery | AttributeQuery, ...], *, major: int) -> str:
    sql = json_rows(branches(queries, major=major, condition=_IS_GIVEN))
    return f"rows_json := concat_ws(',', nullif(rows_json, ''), ({sql}));"


OTHER = "other"
"""Stands for the catalogs that are not row-tracked; only the first of their objects is reported."""
CHANGED_OBJECTS_RESULTS: Mapping[str, str] = {"addresses": "text", "rows_json": "text"}
_COLLECTED = (*ROW_TRACKED_CATALOGS, "pg_attrdef")
CHANGED_OBJECTS_VARIABLES: Mapping[str, str] = {
    "other": "oid",
    "catalogs": "oid[]",
} | {f"of_{name}": "oid[] := '{}'" for name in _COLLECTED}
"""The changed objects: an array of OIDs for each catalog."""

_ALSO_CHANGED: Mapping[str, str] = {
    "pg_class": """SELECT (SELECT d.refobjid FROM pg_depend AS d
                WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i')
            FROM pg_class AS c WHERE c.oid = ANY (of_pg_class) AND c.relkind = 't'
            UNION ALL
            SELECT i.indrelid FROM pg_index AS i
            WHERE i.indexrelid = ANY (of_pg_class) AND i.indisreplident""",
    "pg_constraint": """SELECT CASE k.contype
                WHEN 'n' THEN coalesce(nullif(k.conrelid, 0), k.contypid) ELSE k.conindid END
            FROM pg_constraint AS k
            WHERE k.oid = ANY (of_pg_constraint) AND k.contype IN ('n', 'p', 'u', 'x')""",
    "pg_rewrite": """SELECT w.ev_class FROM pg_rewrite AS w
            WHERE w.oid = ANY (of_pg_rewrite) AND w.ev_type = '1'""",
    "pg_attrdef": "SELECT d.adrelid FROM pg_attrdef AS d WHERE d.oid = ANY (of_pg_attrdef)",
}
"""By catalog, the relations that change with its objects.

A view's row has its query; a table's row has the options of its TOAST table and its replica identity
index; a column's row has its default and NOT NULL; an index's row depends on its constraint.
"""
_WITH_ROWS: Mapping[str, str] = {
    "pg_type": f"""SELECT CASE WHEN y.typtype <> 'm' THEN y.oid ELSE (
                SELECT g.rngtypid FROM pg_range AS g WHERE g.rngmultitypid = y.oid) END
            FROM pg_type AS y
            WHERE y.oid = ANY (of_pg_type) AND {ROW_TRACKED_CATALOGS["pg_type"]}
                AND CASE WHEN y.typrelid = 0 THEN true ELSE (
                    SELECT c.relkind = 'c' FROM pg_class AS c WHERE c.oid = y.typrelid) END""",
    "pg_rewrite": f"""SELECT w.oid FROM pg_rewrite AS w
            WHERE w.oid = ANY (of_pg_rewrite) AND {ROW_TRACKED_CATALOGS["pg_rewrite"]}""",
    "pg_trigger": f"""SELECT g.oid FROM pg_trigger AS g
            WHERE g.oid = ANY (of_pg_trigger) AND {ROW_TRACKED_CATALOGS["pg_trigger"]}""",
}
"""By catalog, which of its changed objects have rows in a reading; a range has its multirange's."""


def collect_objects(source: str) -> str:
    """Return the statement that adds the rows `t (class, oid)` of the source to the variables."""
    arrays = ",\n            ".join(
        f"of_{name} || coalesce("
        f"array_agg(t.oid) FILTER (WHERE t.class = '{name}'::regclass), '{{}}')"
        for name in _COLLECTED
    )
    variables = ", ".join(f"of_{name}" for name in _COLLECTED)
    return f"""SELECT {arrays},
            least(other, min(t.oid) FILTER (WHERE t.class <> ALL ({oid_array(_COLLECTED)})))
        INTO {variables}, other
        FROM {source};"""


def report_objects(*, major: int) -> Iterator[str]:
    """Yield the statements that set CHANGED_OBJECTS_RESULTS from the variables."""
    for name, sql in _ALSO_CHANGED.items():
        yield if_sql(f"of_{name} <> '{{}}'", f"of_pg_class := of_pg_class || ARRAY({sql});")
    for name, sql in _WITH_ROWS.items():
        yield if_sql(f"of_{name} <> '{{}}'", f"of_{name} := ARRAY({sql});")
    tracked = ROW_TRACKED_CATALOGS
    words = ", ".join(f"'{name}=' || array_to_string(of_{name}, ',')" for name in tracked)
    yield f"    addresses := concat_ws(';', '{OTHER}=' || other, {words});"
    yield f"    catalogs := {' || '.join(_catalog_if_any(name) for name in tracked)};"
    oids = " || ".join(f"of_{name}" for name in tracked)
    call = object_rows_function(major=major).call("catalogs", oids)
    yield if_sql("catalogs <> '{}'", f"rows_json := {call};")


def _catalog_if_any(name: str) -> str:
    return f"CASE WHEN of_{name} <> '{{}}' THEN {oid_array([name])} ELSE '{{}}' END"


_DEPENDENTS = """(
            WITH RECURSIVE touched (class, oid) AS (
                SELECT * FROM unnest(classes, oids)
                UNION
                SELECT d.classid, d.objid
                FROM touched AS t
                -- OFFSET 0 forces the index: the planner cannot know that there are few objects.
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
"""The objects that depend on the given ones, directly or indirectly.

pg_depend does not have two dependencies: a composite type shows the attributes of its relation, and
an exclusion constraint shows the expressions of its index.
"""


@cache
def dependents_function(*, major: int) -> TempFunction:
    """Return the function that reports the dependents of given objects as ChangedObjects."""
    return TempFunction(
        name="dependents",
        parameters={"classes": "oid[]", "oids": "oid[]"},
        results=CHANGED_OBJECTS_RESULTS,
        variables=CHANGED_OBJECTS_VARIABLES,
        body="\n".join(
            (
                f"    {SET_FUNCTION_SETTINGS}",
                collect_objects(_DEPENDENTS),
                *report_objects(major=major),
            )
        ),
    )


_USED_BY_QUERIES = """SELECT FROM pg_depend AS d
        WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (relations)
            AND d.classid IN ('pg_rewrite'::regclass, 'pg_policy'::regclass, 'pg_proc'::regclass)"""
"""Views, rules, policies and SQL functions: their text may qualify columns after others appear."""
_USED_AS_ROW_TYPE = """SELECT FROM pg_class AS c JOIN pg_type AS y ON y.oid = c.reltype
        CROSS JOIN LATERAL (SELECT d.objid FROM pg_depend AS d
            WHERE d.refclassid = 'pg_type'::regclass AND d.refobjid IN (y.oid, y.typarray)
            OFFSET 0) AS d
        WHERE c.oid = ANY (relations) AND d.objid <> y.typarray"""
"""Objects with the row type: a function that returns it shows the columns wherever it is in FROM."""


@cache
def column_dependents_function() -> TempFunction:
    """Return the function that says whether an added or dropped column can show in other objects.

    That is so for composite types, and for relations that are used by queries or as a row type.
    """
    return TempFunction(
        name="column_dependents",
        parameters={"relations": "oid[]"},
        results={"has_column_dependents": "boolean"},
        variables={},
        body=f"""    {SET_FUNCTION_SETTINGS}
    has_column_dependents := EXISTS (
            SELECT FROM pg_class AS c WHERE c.oid = ANY (relations) AND c.relkind = 'c')
        OR EXISTS ({_USED_BY_QUERIES})
        OR EXISTS ({_USED_AS_ROW_TYPE});""",
    )


@cache
def small_catalog_rows_statement(*, major: int) -> str:
    """Return the statement that reads all objects of the catalogs that are not row-tracked."""
    queries = (
        query
        for query in OBJECT_QUERIES
        if query.reads not in ROW_TRACKED_CATALOGS and query != BUILT_IN
    )
    classes = ", ".join(f"'{name}'" for name in ROW_TRACKED_CATALOGS)
    return json_statement(
        (
            *branches((*queries, BUILT_IN_COMMENTS), major=major),
            *branches(
                (COMMENTS, SECURITY_LABELS),
                major=major,
                condition=f"c.relname NOT IN ({classes})",
            ),
        )
    )
