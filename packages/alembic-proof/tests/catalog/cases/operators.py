"""Operators, their classes and families, and casts: each attribute that a statement changes."""

from __future__ import annotations

from .case import Case
from .one_line import altered, commented, owned

_FUNCTIONS = (
    "CREATE FUNCTION app.same(integer, integer) RETURNS boolean LANGUAGE internal IMMUTABLE STRICT AS 'int4eq'",
    "CREATE FUNCTION app.text_of(app.pair) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1.b'",
    "CREATE FUNCTION app.words_of(app.pair) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1.b'",
)
_EQUALS = "CREATE OPERATOR app.=== (FUNCTION = {}, LEFTARG = integer, RIGHTARG = integer{})"
_CLASS = (
    "CREATE OPERATOR CLASS app.odd FOR TYPE integer USING btree{} AS OPERATOR 1 <,"
    " FUNCTION 1 btint4cmp(integer, integer)"
)


def _operator(attribute: str, message: str, *, function: str = "int4eq", more: str = "") -> Case:
    """Return the case of an operator that is recreated with another attribute."""
    return Case(
        f"operator's {attribute}",
        ("DROP OPERATOR app.=== (integer, integer)", _EQUALS.format(function, more)),
        f"operator app.===(integer,integer), {attribute}: {message}",
        setup=(*_FUNCTIONS, _EQUALS.format("int4eq", "")),
    )


CASES = (
    _operator("function", "int4eq -> app.same", function="app.same"),
    _operator(
        "commutator", "none -> app.===(integer,integer)", more=", COMMUTATOR = OPERATOR(app.===)"
    ),
    _operator("restriction", "none -> eqsel", more=", RESTRICT = eqsel"),
    _operator("join", "none -> eqjoinsel", more=", JOIN = eqjoinsel"),
    _operator("merges", "none -> yes", more=", MERGES"),
    _operator("hashes", "none -> yes", more=", HASHES"),
    owned(
        "operator app.===(integer,integer)",
        "OPERATOR app.=== (integer, integer)",
        _EQUALS.format("int4eq", ""),
    ),
    commented(
        "operator app.===(integer,integer)",
        "OPERATOR app.=== (integer, integer)",
        _EQUALS.format("int4eq", ""),
    ),
    owned(
        "operator class app.odd USING btree",
        "OPERATOR CLASS app.odd USING btree",
        _CLASS.format(""),
    ),
    commented(
        "operator class app.odd USING btree",
        "OPERATOR CLASS app.odd USING btree",
        _CLASS.format(""),
    ),
    owned(
        "operator family app.clan USING btree",
        "OPERATOR FAMILY app.clan USING btree",
        "CREATE OPERATOR FAMILY app.clan USING btree",
    ),
    commented(
        "operator family app.clan USING btree",
        "OPERATOR FAMILY app.clan USING btree",
        "CREATE OPERATOR FAMILY app.clan USING btree",
    ),
    altered(
        "operator family app.clan USING btree",
        "operators",
        "none -> 1 <(integer,integer)",
        "ALTER OPERATOR FAMILY app.clan USING btree ADD OPERATOR 1 < (integer, integer)",
        "CREATE OPERATOR FAMILY app.clan USING btree",
    ),
    altered(
        "operator family app.clan USING btree",
        "functions",
        "none -> 1 btint4cmp(integer,integer)",
        "ALTER OPERATOR FAMILY app.clan USING btree ADD FUNCTION 1 btint4cmp(integer, integer)",
        "CREATE OPERATOR FAMILY app.clan USING btree",
    ),
    Case(
        "cast's function",
        (
            "DROP CAST (app.pair AS text)",
            "CREATE CAST (app.pair AS text) WITH FUNCTION app.words_of(app.pair)",
        ),
        "cast (app.pair AS pg_catalog.text), function: app.text_of(app.pair) -> app.words_of(app.pair)",
        setup=(*_FUNCTIONS, "CREATE CAST (app.pair AS text) WITH FUNCTION app.text_of(app.pair)"),
    ),
    Case(
        "cast's context",
        ("DROP CAST (app.pair AS text)", "CREATE CAST (app.pair AS text) WITH INOUT AS IMPLICIT"),
        "cast (app.pair AS pg_catalog.text), context: explicit -> implicit",
        setup=("CREATE CAST (app.pair AS text) WITH INOUT",),
    ),
    commented(
        "cast (app.pair AS pg_catalog.text)",
        "CAST (app.pair AS text)",
        "CREATE CAST (app.pair AS text) WITH INOUT",
    ),
)
