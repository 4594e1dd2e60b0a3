"""Checks of the search_path: who else can have the owner's SQL execute something else."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.engine import Connection

from alembic_deploy.doctor.check import Expectations
from alembic_deploy.finding import Finding
from alembic_deploy.search_path import planted_objects, writable_schemas


def writable_path(connection: Connection, _: Expectations) -> Iterator[Finding]:
    """Yield the schemas of the search_path in which others may create functions."""
    for one in writable_schemas(connection):
        yield Finding(
            id="schema-writable",
            what=f"{one.role} may create functions there, which the owner's SQL may call",
            where=f"schema {one.schema}",
            todo=one.revoke,
        )


def planted_path(connection: Connection, expected: Expectations) -> Iterator[Finding]:
    """Yield the objects of others that the owner's SQL could use instead of the intended ones."""
    # The name of the table alone: PostgreSQL finds it along the path.
    version_table = expected.version_table.rpartition(".")[2].strip('"')
    for one in planted_objects(connection, version_table=version_table):
        yield Finding(
            id="planted-object",
            what="another role owns what the owner's SQL may call with the owner's privileges",
            where=str(one),
            todo="look at it, then drop it, or give it to a role that you trust: ALTER … OWNER TO",
        )


CHECKS = (writable_path, planted_path)
