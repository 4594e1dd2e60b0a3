"""Checks of the version table and of the checkpoints: revisions, and backfills that are not finished."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.engine import Connection

from alembic_deploy.backfill.checkpoint import CHECKPOINTS, CheckpointTable
from alembic_deploy.definitions import relation_exists
from alembic_deploy.doctor.check import OF_NO_EXTENSION, USER_SCHEMA, Expectations, rows
from alembic_deploy.finding import Finding

_QUALIFIED = """
SELECT pg_catalog.format('%I.%I', (pg_catalog.parse_ident(:version_table))[1], CAST(:name AS text))
    AS name
"""

_TABLE_COUNT = f"""
SELECT pg_catalog.count(*) AS number
FROM pg_catalog.pg_class AS relation
JOIN pg_catalog.pg_namespace AS space ON space.oid = relation.relnamespace
WHERE relation.relkind IN ('r', 'p')
AND {USER_SCHEMA}
AND space.nspname = (pg_catalog.parse_ident(:version_table))[1]
AND relation.oid IS DISTINCT FROM pg_catalog.to_regclass(:version_table)
AND {OF_NO_EXTENSION}
"""


def recorded_revisions(connection: Connection, expected: Expectations) -> Iterator[Finding]:
    """Yield what is wrong with the rows of the version table."""
    table, graph = expected.version_table, expected.graph
    is_there = relation_exists(connection, table)
    found = rows(connection, f"SELECT version_num FROM {table} ORDER BY 1") if is_there else []
    recorded = tuple(row.version_num for row in found)
    if graph is None:
        return
    if not recorded:
        if graph.revisions:
            yield from _unrecorded(connection, table)
        return
    for name in recorded:
        if name not in graph.by_id:
            yield Finding(
                id="unknown-revision",
                what=f"the database is at revision {name}, which no file here has",
                where=f"table {table}",
                todo="a newer release has been here: deploy that one or a newer one",
            )
    for name in recorded:
        others = [one for one in recorded if one != name]
        if name in graph.by_id and name in graph.ancestors(others):
            yield Finding(
                id="redundant-revision",
                what=f"{name} is recorded beside {', '.join(others)}, which follows it",
                where=f"table {table}",
                todo=f"DELETE FROM {table} WHERE version_num = '{name}'",
            )


def _unrecorded(connection: Connection, table: str) -> Iterator[Finding]:
    number = rows(connection, _TABLE_COUNT, version_table=table)[0].number
    if number:
        yield Finding(
            id="no-revision",
            what=f"there are {number} tables, and no revision is recorded: an upgrade would begin with "
            "the first revision",
            where=f"table {table}",
            todo="if revisions made these tables, `alembic stamp REVISION` with the one that they are "
            "at",
        )


def unfinished_backfills(connection: Connection, expected: Expectations) -> Iterator[Finding]:
    """Yield the backfills of applied revisions that are not finished."""
    table, graph = expected.version_table, expected.graph
    if graph is None or not relation_exists(connection, table):
        return
    checkpoints = rows(connection, _QUALIFIED, version_table=table, name=CHECKPOINTS)[0].name
    recorded = rows(connection, f"SELECT version_num FROM {table}")
    heads = [row.version_num for row in recorded]
    applied = graph.ancestors(heads, with_dependencies=True)
    for one in CheckpointTable(checkpoints).unfinished(connection):
        if one.revision in applied:
            yield Finding(
                id="backfill-unfinished",
                what=str(one),
                where=f"table {checkpoints}",
                todo=f"run the command `backfill {one.name}`, or `upgrade`: they go on from there",
            )


CHECKS = (recorded_revisions, unfinished_backfills)
