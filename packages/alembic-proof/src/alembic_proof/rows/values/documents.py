"""JSON, XML, search documents and keyed texts."""

from __future__ import annotations

import json

from alembic_proof.rows.requirement import Requirement
from alembic_proof.rows.values.palette import Maker, Palette, Request, fixed

EMPTY = {"object": "{}", "array": "[]", "string": '""', "number": "0", "boolean": "false"}


def make_json(request: Request) -> Palette:
    """JSON of the kind that is asked for, else of the default's kind, else objects."""
    requirement = request.requirement
    kind = requirement.json_kind or _kind_of(request.default) or "object"

    def series(n: int) -> str:
        return json.dumps(_value(kind, request.label, n, requirement), ensure_ascii=False)

    edges = [EMPTY[kind]] if kind in EMPTY and not _is_filled(requirement) else []
    if kind == "object" and not _is_filled(requirement):
        edges.append('{"ключ": [1, null, -2.5, "☃"], "a": {"b": false, "c": null}, "": ""}')
    if kind == "array" and not _is_filled(requirement):
        edges.append('[null, {"ключ": []}, "☃", -2.5]')
    return Palette(series, tuple(edges))


def _kind_of(default: str | None) -> str:
    """The kind of JSON that a default shows, "" for none."""
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


def _is_filled(requirement: Requirement) -> bool:
    return bool(requirement.json_fields or requirement.shortest)


def _value(kind: str, label: str, n: int, requirement: Requirement) -> object:
    match kind:
        case "array":
            return [f"{label}-{n}"] * max(requirement.shortest, 1)
        case "string":
            return f"{label}-{n}"
        case "number":
            return n + 1
        case "boolean":
            return n % 2 == 0
        case "null":
            return None
        case _:
            fields = {key: _field(text, n) for key, text in requirement.json_fields}
            return {"text": f"{label}-{n}", "n": n} | fields


def _field(text: str | None, n: int) -> object:
    return n + 1 if text is None else text


MAKERS: dict[str, Maker] = {
    "json": make_json,
    "jsonb": make_json,
    "jsonpath": fixed("$.a[{n}]", "$"),
    "xml": fixed('<a n="{n}">é</a>', ""),
    "tsvector": fixed("'word{n}':1 'other':2", ""),
    "tsquery": fixed("'word{n}' & 'other'", ""),
    "hstore": fixed("a=>{n}, b=>NULL", ""),
    "ltree": fixed("top.a{n}", ""),
    "lquery": fixed("top.a{n}.*"),
    "ltxtquery": fixed("top & a{n}"),
}
