"""The parts of docs/catalog.md that the code writes: what is compared, and how it is tried."""

from __future__ import annotations

from collections.abc import Iterable

from alembic_proof.catalog.ddl.create import OFFERED
from alembic_proof.catalog.queries import SAYINGS, SELECTS
from alembic_proof.catalog.select import Select

from .battery import CASES, Case

MANUAL = "https://www.postgresql.org/docs/current"
_REGION = "<!-- {name}: written by the tests -->\n{text}\n<!-- end of {name} -->"
_BY_ASSEMBLY = {
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
_ONLY: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[str, ...]] = {
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
"""Of the attributes that one SELECT reads for several kinds, those that only some can have."""


def regions() -> dict[str, str]:
    """The text of each region by its name."""
    return {"kinds": _kinds(), "battery": _battery()}


def with_regions(page: str) -> str:
    """The page with its regions as the code has them."""
    for name, text in regions().items():
        head, end = _REGION.format(name=name, text="\0").split("\0")
        before, _, rest = page.partition(head)
        _, _, after = rest.partition(end)
        page = f"{before}{head}{text}{end}{after}"
    return page


def _kinds() -> str:
    rows = [
        (
            kind,
            ", ".join(_attributes(select, kind)),
            _source(select),
            "yes" if kind in OFFERED else "",
        )
        for select in SELECTS
        for kind in select.kinds
    ]
    return _table(("kind", "attributes", "read from", "SQL offered"), sorted(rows))


def _attributes(select: Select, kind: str) -> list[str]:
    return [f"**{name}**" if name == "definition" else name for name in attributes_of(select, kind)]


def attributes_of(select: Select, kind: str) -> tuple[str, ...]:
    """What is compared of an object of that kind, grants and comment last."""
    said = [saying.attribute for saying in SAYINGS if saying.catalog == f"'{select.reads}'"]
    own = [*select.facts, *said, *_BY_ASSEMBLY.get(kind, ())]
    grants = ["grant to *role*"] if select.acl != "NULL" and kind != "attribute" else []
    comment = ["comment"] if kind not in _WITHOUT_COMMENT else []
    return tuple(dict.fromkeys([*(name for name in own if _has(kind, name)), *grants, *comment]))


def _has(kind: str, attribute: str) -> bool:
    return (
        all(
            kind in kinds
            for (among, names), kinds in _ONLY.items()
            if kind in among and attribute in names
        )
        and attribute not in _HIDDEN
    )


def _source(select: Select) -> str:
    catalog = select.manual.removeprefix("catalog-").removeprefix("view-").replace("-", "_")
    return f"[{catalog}]({MANUAL}/{select.manual}.html)"


def _battery() -> str:
    rows = [(case.name, _code(*case.changes), _code(case.says), _versions(case)) for case in CASES]
    return f"{len(rows)} changes.\n\n" + _table(("change", "SQL", "reported as", "since"), rows)


def _versions(case: Case) -> str:
    return str(case.since) if case.since > 15 else ""


def _code(*statements: str) -> str:
    return "<br>".join(f"`{_one_line(one)}`" for one in statements)


def _one_line(text: str) -> str:
    first, *rest = (" ".join(line.split()) for line in text.splitlines())
    return first.replace("|", "\\|").replace("`", "'") + (" …" if rest else "")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
