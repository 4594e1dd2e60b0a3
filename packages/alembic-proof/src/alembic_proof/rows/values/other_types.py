"""Values of networks, geometry, UUIDs, booleans and PostgreSQL's system types."""

from __future__ import annotations

import re
import uuid

from alembic_proof.rows.values.source import (
    SourceFactory,
    ValueRequest,
    ValueSource,
    choice_source,
    formatted_source,
)

SPACE = uuid.UUID("5a1cf2b4-0b0f-4c57-9d3c-0c5a7d5f3b61")
"""The namespace of the generated UUIDs, so that a row's UUID is the same in every run."""
SHAPES = {
    "point": "POINT{dimension}({x}{rest})",
    "linestring": "LINESTRING{dimension}(0 0{rest},{x}{rest})",
    "polygon": "POLYGON{dimension}((0 0{rest},1 0{rest},1 1{rest},0 0{rest}))",
    "multipoint": "MULTIPOINT{dimension}({x}{rest})",
    "multilinestring": "MULTILINESTRING{dimension}((0 0{rest},{x}{rest}))",
    "multipolygon": "MULTIPOLYGON{dimension}(((0 0{rest},1 0{rest},1 1{rest},0 0{rest})))",
}


def uuid_source(request: ValueRequest) -> ValueSource:
    """Return UUIDs that depend on the column and the number only."""
    nil = str(uuid.UUID(int=0))
    return ValueSource(lambda n: str(uuid.uuid5(SPACE, f"{request.seed}.{n}")), (nil,))


def boolean_source(request: ValueRequest) -> ValueSource:
    """Return both values, the default last."""
    default = {"t": "true", "f": "false"}.get(request.default or "", request.default)
    return choice_source(("true", "false"), default=default)


def geometry_source(request: ValueRequest) -> ValueSource:
    """Return PostGIS geometries of the column's kind, dimension and spatial reference system."""
    found = re.search(r"\((\w+?)(Z?M?)(?:,(\d+))?\)", request.type.formatted, re.IGNORECASE)
    kind, dimension, system = found.groups() if found else ("point", "", None)
    form = SHAPES.get(kind.lower(), SHAPES["point"])
    rest = " 0" * len(dimension)
    prefix = f"SRID={system};" if system else ""
    return ValueSource(
        lambda n: (
            prefix
            + form.format(dimension=dimension.upper(), x=f"{n % 80}.5 {n // 80 % 80}", rest=rest)
        )
    )


def vector_source(request: ValueRequest) -> ValueSource:
    """Return vectors of the column's dimension."""
    size = request.type.modifier if request.type.modifier > 0 else 3
    ones = ",1" * (size - 1)
    return ValueSource(lambda n: f"[{n + 0.5}{ones}]", (f"[0{ones}]",))


def names_source(*names: str) -> SourceFactory:
    """Return the factory for names of objects that exist in every database."""

    def make(request: ValueRequest) -> ValueSource:
        del request
        return choice_source(names)

    return make


SOURCE_FACTORIES: dict[str, SourceFactory] = {
    "uuid": uuid_source,
    "bool": boolean_source,
    "inet": formatted_source("10.1.1.{b}/16", "::1", "0.0.0.0/0"),
    "cidr": formatted_source("10.{b}.0.0/16", "::/0"),
    "macaddr": formatted_source("08:00:2b:01:02:{h}", "ff:ff:ff:ff:ff:ff"),
    "macaddr8": formatted_source("08:00:2b:01:02:03:04:{h}", "ff:ff:ff:ff:ff:ff:ff:ff"),
    "point": formatted_source("({n}.5,1)", "(0,0)", "(-1.5,100000)"),
    "line": formatted_source("{{1,-1,{n}}}", "{1,0,0}"),
    "lseg": formatted_source("[(0,0),({n},1)]", "[(0,0),(0,0)]"),
    "box": formatted_source("(({n}.5,1),({n},0))", "((0,0),(0,0))"),
    "path": formatted_source("[(0,0),({n},1)]", "((0,0),(1,1),(2,0))"),
    "polygon": formatted_source("((0,0),({n},1),(1,0))", "((0,0))"),
    "circle": formatted_source("<({n},0),0.25>", "<(0,0),0>"),
    "pg_lsn": formatted_source("0/{n}", "FFFFFFFF/FFFFFFFF"),
    "tid": formatted_source("(0,{n})"),
    "txid_snapshot": formatted_source("10:20:10,1{n}"),
    "pg_snapshot": formatted_source("10:20:10,1{n}"),
    "int2vector": formatted_source("1 {n}", ""),
    "oidvector": formatted_source("1 {n}", ""),
    "aclitem": formatted_source("=r/pg_monitor"),
    "refcursor": formatted_source("cursor {n}", ""),
    "regclass": names_source("pg_catalog.pg_class", "pg_catalog.pg_type", "pg_catalog.pg_proc"),
    "regtype": names_source("integer", "text", "boolean"),
    "regproc": names_source("pg_catalog.now", "pg_catalog.version"),
    "regprocedure": names_source("now()", "random()", "length(text)"),
    "regoper": names_source("pg_catalog.||/", "pg_catalog.|/"),
    "regoperator": names_source("+(integer,integer)", "-(integer,integer)"),
    "regnamespace": names_source("pg_catalog", "public"),
    "regrole": names_source("pg_monitor", "pg_read_all_data"),
    "regconfig": names_source("simple", "english"),
    "regdictionary": names_source("simple"),
    "regcollation": names_source('"C"', '"POSIX"'),
    "cube": formatted_source("({n}, 1)", "(0)"),
    "seg": formatted_source("{n} .. 1000", "0"),
    "isbn": names_source("978-0-393-04002-9", "978-0-11-000222-4"),
    "isbn13": names_source("978-0-393-04002-9", "978-0-11-000222-4"),
    "geometry": geometry_source,
    "geography": geometry_source,
    "vector": vector_source,
    "halfvec": vector_source,
}
