"""The generated part of docs/reference/catalog.md: the kinds of objects and their attributes."""

from __future__ import annotations

from collections.abc import Iterable

from alembic_proof.authoring.ddl.create import CREATABLE_KINDS
from alembic_proof.catalog.queries.object_query import ObjectQuery
from alembic_proof.catalog.queries.statement import ATTRIBUTE_QUERIES, OBJECT_QUERIES

MANUAL = "https://www.postgresql.org/docs/current"
_HEAD, _END = "<!-- kinds: written by the tests -->\n", "\n<!-- end of kinds -->"
_ADDED_BY_PARSER = {
    "table": ("column order", "inherits", "partition of"),
    "foreign table": ("column order", "inherits", "partition of"),
    "domain": ("not null comment",),
    "index": ("table",),
    "composite type": ("column order",),
}
_HIDDEN = frozenset({"partition bound", "(inherits)", "(member)"})
_WITHOUT_COMMENT = frozenset({"default privileges", "built-in object", "published table"}) | {
    "published schema",
    "user mapping",
}
_RELATIONS = ("table", "foreign table", "view", "materialized view")
_TYPES = ("enum", "domain", "range", "composite type")
_COLUMNS = ("column", "attribute")
_ALL = (*_RELATIONS, *_TYPES, *_COLUMNS, "sequence", "identity", "index", "constraint")
_RANGE = ("subtype", "subtype collation", "subtype operator class", "subtype difference")
_KINDS_WITH: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[str, ...]] = {
    (_RELATIONS, ("definition",)): ("view", "materialized view"),
    (_RELATIONS, ("populated",)): ("materialized view",),
    (_RELATIONS, ("server",)): ("foreign table",),
    (_RELATIONS, ("row security", "force row security", "of type", "partitioned by")): ("table",),
    (_RELATIONS, ("persistence",)): ("table",),
    (_RELATIONS, ("toast options", "access method", "tablespace")): ("table", "materialized view"),
    (_TYPES, ("values",)): ("enum",),
    (_TYPES, ("type", "collation", "default", "nullability")): ("domain",),
    (_TYPES, (*_RANGE, "canonical", "multirange")): ("range",),
    (_ALL, ("replica identity",)): ("table", "materialized view"),
    (_ALL, ("nullability", "default")): ("column", "domain"),
    (_ALL, ("generated",)): ("column",),
    (_ALL, ("inherited",)): ("column", "constraint"),
    (_ALL, ("foreign options",)): ("column", "foreign table"),
    (_ALL, ("storage", "compression", "statistics target")): ("column",),
    (_COLUMNS, ("options",)): ("column",),
    (_RELATIONS, ("options",)): ("table", "view", "materialized view"),
    (_ALL, ("not null comment",)): ("column", "domain"),
}
"""The kinds that have an attribute, if one query reads it for several kinds."""


def with_kinds(page: str) -> str:
    """Return the page with the current table of kinds."""
    before, _, rest = page.partition(_HEAD)
    _, _, after = rest.partition(_END)
    return f"{before}{_HEAD}{_kinds()}{_END}{after}"


def _kinds() -> str:
    rows = [
        (
            kind,
            ", ".join(_attributes(query, kind)),
            _source(query),
            "yes" if kind in CREATABLE_KINDS else "",
        )
        for query in OBJECT_QUERIES
        for kind in query.kinds
    ]
    return _table(("kind", "attributes", "catalog", "CREATE"), sorted(rows))


def _attributes(query: ObjectQuery, kind: str) -> list[str]:
    return [f"**{name}**" if name == "definition" else name for name in attributes_of(query, kind)]


def attributes_of(query: ObjectQuery, kind: str) -> tuple[str, ...]:
    """Return the attributes of a kind that are compared, grants and comment last."""
    added = [one.attribute for one in ATTRIBUTE_QUERIES if one.catalog == f"'{query.reads}'"]
    own = [*query.facts, *added, *_ADDED_BY_PARSER.get(kind, ())]
    grants = ["grant to *role*"] if query.acl != "NULL" and kind != "attribute" else []
    comment = ["comment"] if kind not in _WITHOUT_COMMENT else []
    return tuple(dict.fromkeys([*(name for name in own if _has(kind, name)), *grants, *comment]))


def _has(kind: str, attribute: str) -> bool:
    return (
        all(
            kind in kinds
            for (among, names), kinds in _KINDS_WITH.items()
            if kind in among and attribute in names
        )
        and attribute not in _HIDDEN
    )


def _source(query: ObjectQuery) -> str:
    catalog = query.manual.removeprefix("catalog-").removeprefix("view-").replace("-", "_")
    return f"[{catalog}]({MANUAL}/{query.manual}.html)"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
