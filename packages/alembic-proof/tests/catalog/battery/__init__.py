"""Single changes of one schema, each to be reported once and at its own kind."""

from __future__ import annotations

from . import (
    behaviour,
    columns,
    constraints,
    foreign,
    functions,
    rare,
    replication,
    surroundings,
    tables,
    types,
    views,
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
    )
    for case in part.CASES
)

__all__ = ["CASES", "Case"]
