"""Tables that the settings name and that no revision makes: a name that was mistyped or has gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from alembic_proof.catalog import Catalog, key
from alembic_proof.finding import Finding, Severity
from alembic_proof.proofs.roundtrip.plan import RowPlan


@dataclass(slots=True)
class Unmet:
    """The names that no catalog of the walk has had until now, by the setting that has them."""

    names: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: RowPlan) -> Unmet:
        """All that the plan names; nothing where there are no rows at all."""
        if not plan.rows:
            return cls()
        return cls({"leave_out": set(plan.left_out), "rows": set(plan.supplied)})

    def meet(self, catalog: Catalog) -> None:
        """Take note of what there is."""
        for waiting in self.names.values():
            waiting -= {name for name in waiting if _is_there(name, catalog)}

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
                    else "correct the name in the function of [tool.alembic-proof], or take it out",
                )


def _is_there(name: str, catalog: Catalog) -> bool:
    return any(catalog.find(key("table", each)) for each in (name, f"public.{name}"))
