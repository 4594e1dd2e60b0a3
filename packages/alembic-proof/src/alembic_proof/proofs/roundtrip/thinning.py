"""Taking rows away that a revision does not cope with, so that it is tried over the others."""

from __future__ import annotations

from collections.abc import Iterator

from alembic_proof.rows import Shapes, TableName


def referring(shapes: Shapes, table: TableName) -> frozenset[TableName]:
    """The table and all that refer to it, directly or not; empty where there is no such table."""
    root = shapes.find(table)
    found, waiting = set[TableName](), [root.name] if root else []
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting += [
            other.name
            for other in shapes
            if other.name not in found and any(k.table == name for k in other.foreign_keys)
        ]
    return frozenset(found)


def some_away(shapes: Shapes, table: TableName, condition: str) -> Iterator[str]:
    """Statements that take some rows away.

    They fail where another row refers to one of these, unless its foreign key cascades.
    """
    yield f"DELETE FROM {table} WHERE {condition}"
    if deferred := [name for one in shapes for name in one.deferred]:
        yield "SET CONSTRAINTS ALL IMMEDIATE"
        yield f"SET CONSTRAINTS {', '.join(deferred)} DEFERRED"


def all_away(tables: frozenset[TableName]) -> Iterator[str]:
    """The statement that takes all their rows away."""
    yield f"TRUNCATE {', '.join(sorted(tables))}"
