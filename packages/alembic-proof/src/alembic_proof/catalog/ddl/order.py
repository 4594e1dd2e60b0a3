"""In which order kinds of objects are made; they go in the opposite one."""

from __future__ import annotations

_FIRST = (
    "schema",
    "extension",
    "collation",
    "enum",
    "composite type",
    "attribute",
    "domain",
    "range",
    "type",
    "sequence",
    "function",
    "procedure",
    "aggregate",
    "foreign-data wrapper",
    "server",
)
_ORDER = (
    *_FIRST,
    "table",
    "foreign table",
    "column",
    "constraint",
    "index",
    "statistics",
    "view",
    "materialized view",
    "trigger",
    "rule",
    "policy",
    "publication",
    "event trigger",
)
_PLACE = {kind: number for number, kind in enumerate(_ORDER)}

FOUNDATIONS = frozenset(_FIRST) - {"attribute"}
"""What columns, defaults and triggers refer to."""


def creation_order(kind: str) -> int:
    """The place of a kind; those that are not listed come last."""
    return _PLACE.get(kind, len(_ORDER))
