"""In which order kinds of objects are made; they go in the opposite one."""

from __future__ import annotations

_FIRST = (
    "schema",
    "extension",
    "language",
    "access method",
    "collation",
    "conversion",
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
    "operator",
    "operator family",
    "operator class",
    "cast",
    "transform",
    "text search parser",
    "text search template",
    "text search dictionary",
    "text search configuration",
    "foreign-data wrapper",
    "server",
    "user mapping",
)
_ORDER = (
    *_FIRST,
    "table",
    "foreign table",
    "column",
    "identity",
    "constraint",
    "index",
    "statistics",
    "view",
    "materialized view",
    "trigger",
    "rule",
    "policy",
    "publication",
    "published schema",
    "published table",
    "event trigger",
    "default privileges",
)
_PLACE = {kind: number for number, kind in enumerate(_ORDER)}

FOUNDATIONS = frozenset(_FIRST) - {"attribute"}
"""What columns, defaults and triggers refer to."""


def creation_order(kind: str) -> int:
    """The place of a kind; those that are not listed come last."""
    return _PLACE.get(kind, len(_ORDER))
