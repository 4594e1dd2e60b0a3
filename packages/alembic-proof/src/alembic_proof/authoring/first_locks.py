"""LOCK TABLE before the first operation of a transaction that would take its locks one by one."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from itertools import groupby

from alembic.migration import MigrationContext
from alembic.operations import Operations, ops

from alembic_deploy.statements import split_statements
from alembic_proof.authoring.ddl.reference import raw_name, relation_of
from alembic_proof.authoring.execute_sql import AutocommitBlock, BlankLine, Comment, ExecuteSql
from alembic_proof.catalog import Catalog
from alembic_proof.lint.lock_order import KnownTables, lock_statements
from alembic_proof.sql import quote_identifier


def with_locks_first(
    operations: Sequence[ops.MigrateOperation], *, before: Catalog, default_schema: str
) -> tuple[ops.MigrateOperation, ...]:
    """Return the operations, with the locks that each of their transactions should take first.

    :param before: the database before them.
    :param default_schema: that of operations without a schema.
    """
    known = KnownTables.of([*_created(before)], default_schema=default_schema)
    return tuple(
        one
        for is_block, group in groupby(operations, key=lambda one: isinstance(one, AutocommitBlock))
        for one in (group if is_block else _with_locks(list(group), known))
    )


def _with_locks(
    operations: list[ops.MigrateOperation], known: KnownTables
) -> Iterator[ops.MigrateOperation]:
    locks = lock_statements([sql for one in operations for sql in _sql_of(one)], known)
    begin = next((n for n, one in enumerate(operations) if not isinstance(one, BlankLine)), 0)
    yield from operations[:begin]
    yield from map(ExecuteSql, locks)
    if locks and any(isinstance(one, BlankLine) for one in operations[begin:]):
        yield BlankLine()
    yield from operations[begin:]


def _sql_of(operation: ops.MigrateOperation) -> Iterator[str]:
    """Yield the statements of the operation, as `--sql` writes them."""
    if isinstance(operation, BlankLine | Comment):
        return
    written = io.StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": written}
    )
    Operations(context).invoke(operation)
    yield from (statement.text for statement in split_statements(written.getvalue()))


def _created(catalog: Catalog) -> Iterator[str]:
    """Yield the statements that create foreign keys, indexes and foreign tables, without columns."""
    for record in catalog.of_kind("constraint"):
        definition = record.fact("definition") or ""
        if definition.startswith("FOREIGN KEY "):
            table, name = relation_of(record).identity, quote_identifier(raw_name(record))
            yield f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}"
    for record in catalog.of_kind("index"):
        yield f"CREATE INDEX {quote_identifier(raw_name(record))} ON {relation_of(record).identity}"
    for record in catalog.of_kind("foreign table"):
        yield f"CREATE FOREIGN TABLE {record.identity}"
