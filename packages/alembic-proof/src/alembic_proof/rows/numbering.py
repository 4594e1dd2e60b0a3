"""Sequences that feed a column although its default does not say so.

SQLAlchemy's `Sequence` and some frameworks take the next number themselves, from a sequence that is
named after table and column. Rows of ours must not lie ahead of it.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from alembic_proof.rows.literal import quote, quote_name
from alembic_proof.rows.run import run_each
from alembic_proof.rows.shape import DefaultKind, Table

_INTEGERS = frozenset({"int2", "int4", "int8"})


def advance_sequences(connection: sa.Connection, tables: Iterable[Table]) -> None:
    """Ensures that such a sequence's next number lies behind every row of its column.

    Locks: ACCESS SHARE on the tables that have such a column.
    """
    statements = [_statement(table, name) for table in tables for name in _unfed(table)]
    run_each(connection, statements)


def _unfed(table: Table) -> list[str]:
    """The key's whole numbers that no default gives."""
    return [
        column.name
        for column in table.columns
        if column.name in table.primary
        and column.type.base.name in _INTEGERS
        and column.default_kind is DefaultKind.NONE
        and not column.is_generated
    ]


def _statement(table: Table, column: str) -> str:
    """A statement without effect where there is no such sequence."""
    most = f"(SELECT pg_catalog.max({quote_name(column)}) FROM {table.name})"
    last = "pg_catalog.pg_sequence_last_value(s.oid)"
    return (
        f"SELECT pg_catalog.to_jsonb(pg_catalog.setval(s.oid, greatest({most}, {last})))"
        " FROM pg_catalog.pg_class AS s JOIN pg_catalog.pg_class AS t"
        " ON t.relnamespace = s.relnamespace"
        f" AND s.relname = t.relname || '_' || {quote(column)} || '_seq'"
        f" WHERE s.relkind = 'S' AND t.oid = {quote(table.name)}::pg_catalog.regclass"
        f" AND {most} > 0"
    )
