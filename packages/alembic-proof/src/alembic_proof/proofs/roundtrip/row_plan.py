"""The rows that a proof inserts: how many, which tables are left out, which rows the project supplies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from alembic_proof.catalog import Catalog, key
from alembic_proof.finding import Finding, Severity
from alembic_proof.rows import TableName, UserTables
from alembic_proof.sql import quote_identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPlan:
    """The number of rows, and the project's own rows and exceptions.

    Table names are qualified and quoted as PostgreSQL prints them; `users` stands for `public.users`.

    Example::

        RowPlan(rows=6, left_out=frozenset({"audit.log"}), supplied={"users": [{"name": "Ann"}]})
    """

    rows: int = 3
    """How many rows a new or changed table gets; with 0 only catalogs are compared."""
    supplied: Mapping[str, Iterable[Mapping[str, object]]] = field(default_factory=dict)
    """Table -> rows, each column -> Python value. They are inserted first and once; columns that they do
    not have, or that do not exist yet, are filled like any other.
    """
    left_out: frozenset[str] = frozenset()
    """The tables that get no rows."""

    def is_left_out(self, table: TableName) -> bool:
        """Return whether the table gets no rows."""
        return table in self.left_out or table.removeprefix("public.") in self.left_out

    def fillable(self, user_tables: UserTables) -> UserTables:
        """Return the tables without those that get no rows."""
        if not self.left_out:
            return user_tables
        return user_tables.with_tables(
            UserTables(), gone={table.name for table in user_tables if self.is_left_out(table.name)}
        )


@dataclass(slots=True)
class UnmatchedNames:
    """The names in the settings that no catalog of the walk has had so far, by setting."""

    names: dict[str, set[str]] = field(default_factory=dict)
    columns: set[tuple[str, str]] = field(default_factory=set)
    """The columns of supplied rows that no catalog has had, with their tables."""

    @classmethod
    def of(cls, plan: RowPlan) -> UnmatchedNames:
        """Return all names of the plan; none where the proof runs without rows."""
        if not plan.rows:
            return cls()
        return cls(
            {"without_rows": set(plan.left_out), "rows": set(plan.supplied)},
            {
                (table, name)
                for table, rows in plan.supplied.items()
                for row in rows
                for name in row
            },
        )

    def observe(self, catalog: Catalog) -> None:
        """Remove the names that the catalog has."""
        for waiting in self.names.values():
            waiting -= {name for name in waiting if _is_there(name, catalog)}
        self.columns -= {one for one in self.columns if _has_column(*one, catalog)}

    def findings(self, *, severity: Severity) -> Iterator[Finding]:
        """Yield a finding for each name that no catalog has had."""
        for setting, waiting in self.names.items():
            for name in sorted(waiting):
                yield Finding(
                    id="names-no-table",
                    message=f"{setting} names {name}, but no revision creates that table",
                    severity=severity,
                    help="correct the name, or remove it from [tool.alembic-proof]"
                    if setting == "without_rows"
                    else _CORRECT,
                )
        missing = self.names.get("rows", set())
        for table, name in sorted(one for one in self.columns if one[0] not in missing):
            yield Finding(
                id="names-no-column",
                message=f"rows has a value for {table}.{name}, but no revision creates that column",
                severity=severity,
                help=_CORRECT,
            )


_CORRECT = "correct the name in the function that [tool.alembic-proof] names, or remove it"


def _has_column(table: str, name: str, catalog: Catalog) -> bool:
    column = f"{table}.{quote_identifier(name)}"
    plain = f"{table}.{name}"
    places = (column, plain, f"public.{column}", f"public.{plain}")
    return any(catalog.find(key("column", each)) for each in places)


def _is_there(name: str, catalog: Catalog) -> bool:
    return any(catalog.find(key("table", each)) for each in (name, f"public.{name}"))
