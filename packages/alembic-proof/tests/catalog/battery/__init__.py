"""Single changes of one schema, each to be reported once and at its own kind."""

from __future__ import annotations

from . import behaviour, columns, constraints, surroundings, tables, types
from .case import Case

CASES: tuple[Case, ...] = (
    *surroundings.CASES,
    *tables.CASES,
    *columns.CASES,
    *constraints.CASES,
    *types.CASES,
    *behaviour.CASES,
)

__all__ = ["CASES", "Case"]
