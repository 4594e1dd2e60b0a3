"""Single changes of one schema, each to be reported once and at its own kind."""

from __future__ import annotations

from . import (
    aggregates,
    behaviour,
    columns,
    constraints,
    foreign,
    functions,
    operators,
    rare,
    replication,
    surroundings,
    tables,
    types,
    uncommon,
    views,
    written,
)
from .case import Case

CASES: tuple[Case, ...] = tuple(
    case
    for part in (
        surroundings,
        tables,
        columns,
        constraints,
        types,
        views,
        functions,
        behaviour,
        replication,
        foreign,
        rare,
        aggregates,
        operators,
        uncommon,
        written,
    )
    for case in part.CASES
)

__all__ = ["CASES", "Case"]
