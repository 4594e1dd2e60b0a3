"""Networks, geometry, identifiers and the server's own types."""

from __future__ import annotations

import re
import uuid

from alembic_proof.rows.values.palette import Maker, Palette, Request, choice, fixed

SPACE = uuid.UUID("5a1cf2b4-0b0f-4c57-9d3c-0c5a7d5f3b61")
"""The name space of the ids that are made: a row's id is the same in every run."""
SHAPES = {
    "point": "POINT{dimension}({x}{rest})",
    "linestring": "LINESTRING{dimension}(0 0{rest},{x}{rest})",
    "polygon": "POLYGON{dimension}((0 0{rest},1 0{rest},1 1{rest},0 0{rest}))",
    "multipoint": "MULTIPOINT{dimension}({x}{rest})",
    "multilinestring": "MULTILINESTRING{dimension}((0 0{rest},{x}{rest}))",
    "multipolygon": "MULTIPOLYGON{dimension}(((0 0{rest},1 0{rest},1 1{rest},0 0{rest})))",
}


def make_uuid(request: Request) -> Palette:
    """Ids that depend on the column and the number alone."""
    nil = str(uuid.UUID(int=0))
    return Palette(lambda n: str(uuid.uuid5(SPACE, f"{request.seed}.{n}")), (nil,))


def make_boolean(request: Request) -> Palette:
    """Both, the default last."""
    default = {"t": "true", "f": "false"}.get(request.default or "", request.default)
    return choice(("true", "false"), default=default)


def make_geometry(request: Request) -> Palette:
    """PostGIS shapes of the kind, the dimension and the reference system of the column."""
    found = re.search(r"\((\w+?)(Z?M?)(?:,(\d+))?\)", request.type.spelled, re.IGNORECASE)
    kind, dimension, system = found.groups() if found else ("point", "", None)
    form = SHAPES.get(kind.lower(), SHAPES["point"])
    rest = " 0" * len(dimension)
    prefix = f"SRID={system};" if system else ""
    return Palette(
        lambda n: (
            prefix
            + form.format(dimension=dimension.upper(), x=f"{n % 80}.5 {n // 80 % 80}", rest=rest)
        )
    )


def make_vector(request: Request) -> Palette:
    """Vectors of the column's dimension."""
    size = request.type.modifier if request.type.modifier > 0 else 3
    ones = ",1" * (size - 1)
    return Palette(lambda n: f"[{n + 0.5}{ones}]", (f"[0{ones}]",))


def make_registered(*names: str) -> Maker:
    """Names of objects that every database has."""

    def make(request: Request) -> Palette:
        del request
        return choice(names)

    return make


MAKERS: dict[str, Maker] = {
    "uuid": make_uuid,
    "bool": make_boolean,
    "inet": fixed("10.1.1.{b}/16", "::1", "0.0.0.0/0"),
    "cidr": fixed("10.{b}.0.0/16", "::/0"),
    "macaddr": fixed("08:00:2b:01:02:{h}", "ff:ff:ff:ff:ff:ff"),
    "macaddr8": fixed("08:00:2b:01:02:03:04:{h}", "ff:ff:ff:ff:ff:ff:ff:ff"),
    "point": fixed("({n}.5,1)", "(0,0)", "(-1.5,100000)"),
    "line": fixed("{{1,-1,{n}}}", "{1,0,0}"),
    "lseg": fixed("[(0,0),({n},1)]", "[(0,0),(0,0)]"),
    "box": fixed("(({n}.5,1),({n},0))", "((0,0),(0,0))"),
    "path": fixed("[(0,0),({n},1)]", "((0,0),(1,1),(2,0))"),
    "polygon": fixed("((0,0),({n},1),(1,0))", "((0,0))"),
    "circle": fixed("<({n},0),0.25>", "<(0,0),0>"),
    "pg_lsn": fixed("0/{n}", "FFFFFFFF/FFFFFFFF"),
    "tid": fixed("(0,{n})"),
    "txid_snapshot": fixed("10:20:10,1{n}"),
    "pg_snapshot": fixed("10:20:10,1{n}"),
    "int2vector": fixed("1 {n}", ""),
    "oidvector": fixed("1 {n}", ""),
    "aclitem": fixed("=r/pg_monitor"),
    "refcursor": fixed("cursor {n}", ""),
    "regclass": make_registered("pg_catalog.pg_class", "pg_catalog.pg_type", "pg_catalog.pg_proc"),
    "regtype": make_registered("integer", "text", "boolean"),
    "regproc": make_registered("pg_catalog.now", "pg_catalog.version"),
    "regprocedure": make_registered("now()", "random()", "length(text)"),
    "regoper": make_registered("pg_catalog.||/", "pg_catalog.|/"),
    "regoperator": make_registered("+(integer,integer)", "-(integer,integer)"),
    "regnamespace": make_registered("pg_catalog", "public"),
    "regrole": make_registered("pg_monitor", "pg_read_all_data"),
    "regconfig": make_registered("simple", "english"),
    "regdictionary": make_registered("simple"),
    "regcollation": make_registered('"C"', '"POSIX"'),
    "cube": fixed("({n}, 1)", "(0)"),
    "seg": fixed("{n} .. 1000", "0"),
    "isbn": make_registered("978-0-393-04002-9", "978-0-11-000222-4"),
    "isbn13": make_registered("978-0-393-04002-9", "978-0-11-000222-4"),
    "geometry": make_geometry,
    "geography": make_geometry,
    "vector": make_vector,
    "halfvec": make_vector,
}
