"""Writes rows that a key forbids which the schema does not have yet, and takes them away again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from alembic_proof.rows.fill import fill
from alembic_proof.rows.literal import quote, quote_name
from alembic_proof.rows.row import Values
from alembic_proof.rows.run import execute, run_each
from alembic_proof.rows.shape import Check, Family, Key, Shapes, Table, TableName
from alembic_proof.rows.sight import force, unforce
from alembic_proof.rows.unequal import NewKey, equal_in, twins_of

_RANGES = (Family.RANGE, Family.MULTIRANGE)
Place = tuple[str, str]
"""The OID of the table that holds the row itself, and where it is in there."""


@dataclass(frozen=True, slots=True)
class Twins:
    """Rows of one table that were written because they are equal to others."""

    table: TableName
    places: tuple[Place, ...]


def add_twins(
    connection: sa.Connection, shapes: Shapes, keys: Iterable[NewKey]
) -> tuple[Twins, ...]:
    """Ensures that two rows are equal in each of the keys, where the shapes permit it.

    The shapes are those without the keys. A table without rows stays so.

    Locks: as `fill`.
    """
    wanted = [(table, new.key) for new in keys if (table := shapes.find(new.table)) is not None]
    tables = tuple(dict.fromkeys(table for table, _ in wanted))
    before = _places(connection, tables)
    for table, key in wanted:
        if before[table.name]:
            _add(connection, shapes, table, key)
    after = _places(connection, tables)
    found = (Twins(name, tuple(sorted(places - before[name]))) for name, places in after.items())
    return tuple(twins for twins in found if twins.places)


def take_twins_back(connection: sa.Connection, shapes: Shapes, twins: Sequence[Twins]) -> bool:
    """Whether all of them could be taken away; nothing may have moved them since.

    Locks: ROW EXCLUSIVE on their tables.
    """
    tables = [table for each in twins if (table := shapes.find(each.table)) is not None]
    statements = [_delete_sql(each) for each in reversed(twins)]
    outcomes = run_each(connection, statements, before=unforce(tables))
    if body := force(tables):
        execute(connection, f"DO $rows$ BEGIN\n{body}\nEND $rows$")
    return [one.value for one in outcomes] == [len(each.places) for each in reversed(twins)]


def _add(connection: sa.Connection, shapes: Shapes, table: Table, key: Key) -> None:
    """Ensures that the table has a row that is equal to another one in the key, if it may."""
    for row in _rows(connection, shapes, table, key):
        for values in twins_of(table, key, row):
            report = fill(
                connection, shapes, tables=(table.name,), rows=1, fixed={table.name: (values,)}
            )
            if any(one.table == table.name for one in report.filled):
                return


def _rows(connection: sa.Connection, shapes: Shapes, table: Table, key: Key) -> list[Values]:
    """Rows that the key would see: what it asks for is there, and NULL only where it counts.

    Where no row is one of those that a partial key is about, one is written.
    """
    bound = list(_counting(table, key))
    seen = [*bound, f"({key.predicate})"] if key.predicate else bound
    conditions = [" AND ".join(seen) or "true", " AND ".join(bound) or "true"]
    if bound and not key.is_null_distinct:
        conditions.append(f"NOT ({conditions[1]})")
    found = list(_found(connection, table, conditions))
    if key.predicate and not found[0] and found[1]:
        asking = replace(table, checks=(*table.checks, Check("", key.predicate)))
        fill(connection, shapes.replaced(Shapes.of((asking,))), tables=(table.name,), rows=1)
        found = list(_found(connection, table, conditions))
    return [row for row in found if row is not None]


def _counting(table: Table, key: Key) -> Iterator[str]:
    """What holds of values that the key can forbid: an empty range overlaps nothing."""
    for name in sorted(equal_in(key, table)):
        column = table.column(name)
        yield f"{quote_name(name)} IS NOT NULL"
        if key.is_exclusion and column is not None and column.type.base.family in _RANGES:
            yield f"NOT pg_catalog.isempty({quote_name(name)})"


def _found(
    connection: sa.Connection, table: Table, conditions: Sequence[str]
) -> Iterator[Values | None]:
    """The first row under each condition; None where there is none, or it cannot be asked."""
    names = [column.name for column in table.columns if not column.is_generated]
    texts = ", ".join(f"{quote_name(name)}::pg_catalog.text" for name in names)
    order = ", ".join(quote_name(name) for name in table.primary) or "1"
    statements = [
        "SELECT pg_catalog.jsonb_agg(r.v) FROM (SELECT"
        f" pg_catalog.to_jsonb(ARRAY[{texts}]::pg_catalog.text[]) AS v"
        f" FROM {table.name} WHERE {condition} ORDER BY {order} LIMIT 1) AS r"
        for condition in conditions
    ]
    for outcome in run_each(connection, statements, before=unforce([table]), is_kept=False):
        yield dict(zip(names, outcome.value[0], strict=True)) if outcome.value else None


def _places(connection: sa.Connection, tables: Sequence[Table]) -> dict[TableName, set[Place]]:
    """Where the tables' rows are; nothing for a table that cannot be read."""
    statements = [
        "SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array("
        f"tableoid::pg_catalog.text, ctid::pg_catalog.text)) FROM {table.name}"
        for table in tables
    ]
    outcomes = run_each(connection, statements, before=unforce(tables), is_kept=False)
    return {
        table.name: {(oid, place) for oid, place in outcome.value or ()}
        for table, outcome in zip(tables, outcomes, strict=True)
    }


def _delete_sql(twins: Twins) -> str:
    places = ", ".join(f"({quote(oid)}, {quote(place)})" for oid, place in twins.places)
    return (
        f"WITH d AS (DELETE FROM {twins.table} WHERE (tableoid::pg_catalog.text,"
        f" ctid::pg_catalog.text) IN ({places}) RETURNING 1)"
        " SELECT pg_catalog.to_jsonb(pg_catalog.count(*)) FROM d"
    )
