"""Rows that the project itself supplies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from alembic_proof.rows.literal import json_text, value_text
from alembic_proof.rows.row import Values
from alembic_proof.rows.shape import Shapes, Table, TableName

Supplied = Mapping[str, Iterable[Mapping[str, object]]]
"""Table -> rows, each column -> Python value. `users` stands for `public.users`."""


def given_rows(shapes: Shapes, supplied: Supplied) -> dict[TableName, tuple[Values, ...]]:
    """The supplied rows as texts; tables and columns that do not exist (yet) are left out."""
    found: dict[TableName, tuple[Values, ...]] = {}
    for name, rows in supplied.items():
        table = shapes.find(TableName(name)) or shapes.find(TableName(f"public.{name}"))
        if table is not None:
            found[table.name] = tuple(_texts(table, row) for row in rows)
    return found


def _texts(table: Table, row: Mapping[str, object]) -> Values:
    return {
        column.name: _text(row[column.name], is_json=column.type.base.name in ("json", "jsonb"))
        for column in table.columns
        if column.name in row
    }


def _text(value: object, *, is_json: bool) -> str | None:
    return json_text(value) if is_json else value_text(value)
