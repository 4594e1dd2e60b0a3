"""Which rows the round trip puts in front of each revision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from alembic_proof.rows import Shapes, TableName


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPlan:
    """How many rows, and what the project says of its own tables.

    A table's name is written with its schema, as PostgreSQL quotes it; `users` stands for
    `public.users`.
    """

    rows: int = 3
    """How many rows a table gets when it is new or changed; 0 proves the catalogs alone."""
    supplied: Mapping[str, Iterable[Mapping[str, object]]] = field(default_factory=dict)
    """Table -> rows, each column -> Python value. They are a table's first rows, written once;
    columns that they leave out, or that do not exist yet, are filled as any others."""
    left_out: frozenset[str] = frozenset()
    """Tables that get no rows."""

    def is_left_out(self, table: TableName) -> bool:
        """Whether the table gets no rows."""
        return table in self.left_out or table.removeprefix("public.") in self.left_out

    def fillable(self, shapes: Shapes) -> Shapes:
        """The shapes without the tables that get no rows."""
        if not self.left_out:
            return shapes
        return shapes.replaced(
            Shapes(), gone={table.name for table in shapes if self.is_left_out(table.name)}
        )
