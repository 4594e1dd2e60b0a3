"""Single changes of the sample schema, grouped by subject."""

from __future__ import annotations

from . import (
    aggregates,
    catalog_updates,
    columns,
    constraints,
    foreign_data,
    functions,
    operators,
    rare_attributes,
    rare_kinds,
    replication,
    schemas,
    tables,
    triggers,
    types,
    views,
)
from .case import Case

SUBJECTS = (
    schemas,
    tables,
    columns,
    constraints,
    types,
    views,
    functions,
    triggers,
    replication,
    foreign_data,
    rare_kinds,
    aggregates,
    operators,
    rare_attributes,
    catalog_updates,
)
CASES: tuple[Case, ...] = tuple(case for subject in SUBJECTS for case in subject.CASES)

__all__ = ["CASES", "SUBJECTS", "Case"]
