"""Values of JSON, XML, full text search, hstore and ltree."""

from __future__ import annotations

import json

from alembic_proof.rows.checks.constraints import ValueConstraint
from alembic_proof.rows.values.source import (
    SourceFactory,
    ValueRequest,
    ValueSource,
    formatted_source,
)

EMPTY = {"object": "{}", "array": "[]", "string": '""', "number": "0", "boolean": "false"}


def json_source(request: ValueRequest) -> ValueSource:
    """Return JSON of the kind that a CHECK demands, else of the default's kind, else objects."""
    constraint = request.constraint
    kind = constraint.json_type or _kind_of(request.default) or "object"

    def typical(n: int) -> str:
        return json.dumps(_value(kind, request.label, n, constraint), ensure_ascii=False)

    edges = [EMPTY[kind]] if kind in EMPTY and not _is_filled(constraint) else []
    if kind == "object" and not _is_filled(constraint):
        edges.append('{"ключ": [1, null, -2.5, "☃"], "a": {"b": false, "c": null}, "": ""}')
    if kind == "array" and not _is_filled(constraint):
        edges.append('[null, {"ключ": []}, "☃", -2.5]')
    return ValueSource(typical, tuple(edges))


def _kind_of(default: str | None) -> str:
    """Return the kind of JSON of a default, empty where it is none or NULL."""
    try:
        value = json.loads(default or "")
    except ValueError:
        return ""
    match value:
        case dict():
            return "object"
        case list():
            return "array"
        case str():
            return "string"
    return ""


def _is_filled(constraint: ValueConstraint) -> bool:
    return bool(constraint.json_fields or constraint.min_length)


def _value(kind: str, label: str, n: int, constraint: ValueConstraint) -> object:
    match kind:
        case "array":
            return [f"{label}-{n}"] * max(constraint.min_length, 1)
        case "string":
            return f"{label}-{n}"
        case "number":
            return n + 1
        case "boolean":
            return n % 2 == 0
        case "null":
            return None
        case _:
            fields = {key: _field(text, n) for key, text in constraint.json_fields}
            return {"text": f"{label}-{n}", "n": n} | fields


def _field(text: str | None, n: int) -> object:
    return n + 1 if text is None else text


SOURCE_FACTORIES: dict[str, SourceFactory] = {
    "json": json_source,
    "jsonb": json_source,
    "jsonpath": formatted_source("$.a[{n}]", "$"),
    "xml": formatted_source('<a n="{n}">é</a>', ""),
    "tsvector": formatted_source("'word{n}':1 'other':2", ""),
    "tsquery": formatted_source("'word{n}' & 'other'", ""),
    "hstore": formatted_source("a=>{n}, b=>NULL", ""),
    "ltree": formatted_source("top.a{n}", ""),
    "lquery": formatted_source("top.a{n}.*"),
    "ltxtquery": formatted_source("top & a{n}"),
}
