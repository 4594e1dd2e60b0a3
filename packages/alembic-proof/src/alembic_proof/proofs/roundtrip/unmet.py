"""Tables and columns that the settings name and no revision makes: mistyped, or gone since."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from alembic_proof.catalog import Catalog, key
from alembic_proof.finding import Finding, Severity
from alembic_proof.proofs.roundtrip.plan import RowPlan
from alembic_proof.rows.literal import quote_name


@dataclass(slots=True)
class Unmet:
    """The names that no catalog of the walk has had until now, by the setting that has them."""

    names: dict[str, set[str]] = field(default_factory=dict)
    columns: set[tuple[str, str]] = field(default_factory=set)
    """Table and column of supplied rows, likewise."""

    @classmethod
    def of(cls, plan: RowPlan) -> Unmet:
        """All that the plan names; nothing where there are no rows at all."""
        if not plan.rows:
            return cls()
        return cls(
            {"leave_out": set(plan.left_out), "rows": set(plan.supplied)},
            {
                (table, name)
                for table, rows in plan.supplied.items()
                for row in rows
                for name in row
            },
        )

    def meet(self, catalog: Catalog) -> None:
        """Take note of what there is."""
        for waiting in self.names.values():
            waiting -= {name for name in waiting if _is_there(name, catalog)}
        self.columns -= {one for one in self.columns if _has_column(*one, catalog)}

    def findings(self, *, severity: Severity) -> Iterator[Finding]:
        """One for each name that was never met."""
        for setting, waiting in self.names.items():
            for name in sorted(waiting):
                yield Finding(
                    rule="names-no-table",
                    message=f"{setting} names {name}, which no revision makes a table of",
                    severity=severity,
                    todo="correct the name, or take it out of [tool.alembic-proof]"
                    if setting == "leave_out"
                    else _CORRECT,
                )
        missing = self.names.get("rows", set())
        for table, name in sorted(one for one in self.columns if one[0] not in missing):
            yield Finding(
                rule="names-no-column",
                message=f"rows gives {table} a {name}, which no revision makes a column of",
                severity=severity,
                todo=_CORRECT,
            )


_CORRECT = "correct the name in the function of [tool.alembic-proof], or take it out"


def _has_column(table: str, name: str, catalog: Catalog) -> bool:
    column = f"{table}.{quote_name(name)}"
    plain = f"{table}.{name}"
    places = (column, plain, f"public.{column}", f"public.{plain}")
    return any(catalog.find(key("column", each)) for each in places)


def _is_there(name: str, catalog: Catalog) -> bool:
    return any(catalog.find(key("table", each)) for each in (name, f"public.{name}"))
