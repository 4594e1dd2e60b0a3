"""Every attribute of an aggregate, changed by itself."""

from __future__ import annotations

from .case import Case
from .sample_schema import READER, WRITER

_FUNCTIONS = tuple(
    f"CREATE FUNCTION app.{name}({arguments}) RETURNS {result} LANGUAGE sql IMMUTABLE AS '{body}'"
    for name, arguments, result, body in (
        ("pl", "integer, integer", "integer", "SELECT $1 + $2"),
        ("pl", "bigint, integer", "bigint", "SELECT $1 + $2"),
        ("mi", "integer, integer", "integer", "SELECT $1 - $2"),
        ("mi", "bigint, integer", "bigint", "SELECT $1 - $2"),
        ("less", "integer, integer", "integer", "SELECT $1 - $2"),
        ("more", "integer, integer", "integer", "SELECT $1 + $2"),
        ("fin", "integer", "integer", "SELECT $1"),
        ("fin", "bigint", "integer", "SELECT $1::integer"),
        ("fin", "integer, integer", "integer", "SELECT $1"),
        ("fin", "bigint, integer", "integer", "SELECT $1::integer"),
        ("same", "integer", "integer", "SELECT $1"),
        ("same", "bigint", "integer", "SELECT $1::integer"),
    )
)
_INTERNAL = tuple(
    f"CREATE FUNCTION app.{name}({arguments}) RETURNS {result} LANGUAGE internal STRICT AS '{body}'"
    for name, arguments, result, body in (
        ("ser", "internal", "bytea", "int8_avg_serialize"),
        ("deser", "bytea, internal", "internal", "int8_avg_deserialize"),
    )
)
_PLAIN = {"SFUNC": "app.pl", "STYPE": "integer", "FINALFUNC": "app.fin", "INITCOND": "'0'"}
_MOVING = {
    **_PLAIN,
    "MSFUNC": "app.pl",
    "MINVFUNC": "app.mi",
    "MSTYPE": "integer",
    "MFINALFUNC": "app.fin",
    "MINITCOND": "'0'",
}
_AVERAGE = {
    "SFUNC": "int8_avg_accum",
    "STYPE": "internal",
    "FINALFUNC": "numeric_poly_avg",
    "COMBINEFUNC": "int8_avg_combine",
    "SERIALFUNC": "int8_avg_serialize",
    "DESERIALFUNC": "int8_avg_deserialize",
}
_RANK = {
    "SFUNC": "ordered_set_transition_multi",
    "STYPE": "internal",
    "FINALFUNC": "rank_final",
    "FINALFUNC_EXTRA": "",
}
_OF_ANY = 'VARIADIC "any" ORDER BY VARIADIC "any"'


def _aggregate(parts: dict[str, str], arguments: str = "integer") -> str:
    words = ", ".join(f"{word} = {text}" if text else word for word, text in parts.items())
    return f"CREATE AGGREGATE app.made ({arguments}) ({words})"


def _case(
    attribute: str,
    message: str,
    change: dict[str, str],
    *,
    of: dict[str, str] = _PLAIN,
    arguments: tuple[str, str] = ("integer", "integer"),
    name: str = "app.made(integer)",
) -> Case:
    """Replace the aggregate by one with another property."""
    return Case(
        f"aggregate's {attribute}",
        (f"DROP AGGREGATE app.made ({arguments[0]})", _aggregate(of | change, arguments[1])),
        f"aggregate {name}, {attribute}: {message}",
        setup=(*_FUNCTIONS, *_INTERNAL, _aggregate(of, arguments[0])),
    )


CASES = (
    _case("arguments", "integer -> n integer", {}, arguments=("integer", "n integer")),
    _case("state function", "app.pl -> app.more", {"SFUNC": "app.more"}),
    _case("state type", "integer -> bigint", {"STYPE": "bigint"}),
    _case("state size", "none -> 8", {"SSPACE": "8"}),
    _case("final function", "app.fin -> app.same", {"FINALFUNC": "app.same"}),
    _case("final function gets all arguments", "none -> yes", {"FINALFUNC_EXTRA": ""}),
    _case("final function modifies", "READ_ONLY -> SHAREABLE", {"FINALFUNC_MODIFY": "SHAREABLE"}),
    _case("combine function", "none -> app.more", {"COMBINEFUNC": "app.more"}),
    _case("sort operator", "none -> >(integer,integer)", {"SORTOP": ">"}),
    _case("parallel", "none -> safe", {"PARALLEL": "safe"}),
    _case(
        "serialize function",
        "int8_avg_serialize -> app.ser",
        {"SERIALFUNC": "app.ser"},
        of=_AVERAGE,
        arguments=("bigint", "bigint"),
        name="app.made(bigint)",
    ),
    _case(
        "deserialize function",
        "int8_avg_deserialize -> app.deser",
        {"DESERIALFUNC": "app.deser"},
        of=_AVERAGE,
        arguments=("bigint", "bigint"),
        name="app.made(bigint)",
    ),
    _case("moving state function", "app.pl -> app.more", {"MSFUNC": "app.more"}, of=_MOVING),
    _case("moving inverse function", "app.mi -> app.less", {"MINVFUNC": "app.less"}, of=_MOVING),
    _case("moving state type", "integer -> bigint", {"MSTYPE": "bigint"}, of=_MOVING),
    _case("moving state size", "none -> 8", {"MSSPACE": "8"}, of=_MOVING),
    _case("moving final function", "app.fin -> app.same", {"MFINALFUNC": "app.same"}, of=_MOVING),
    _case(
        "moving final function gets all arguments",
        "none -> yes",
        {"MFINALFUNC_EXTRA": ""},
        of=_MOVING,
    ),
    _case(
        "moving final function modifies",
        "READ_ONLY -> READ_WRITE",
        {"MFINALFUNC_MODIFY": "READ_WRITE"},
        of=_MOVING,
    ),
    _case("moving initial value", "'0' -> '1'", {"MINITCOND": "'1'"}, of=_MOVING),
    _case(
        "kind",
        "ordered-set -> hypothetical",
        {"HYPOTHETICAL": ""},
        of=_RANK,
        arguments=(_OF_ANY, _OF_ANY),
        name='app.made("any")',
    ),
    Case(
        "aggregate owner",
        f"ALTER AGGREGATE app.total (integer) OWNER TO {WRITER}",
        f"aggregate app.total(integer), owner: postgres -> {WRITER}",
    ),
    Case(
        "aggregate granted",
        f"GRANT EXECUTE ON FUNCTION app.total (integer) TO {READER}",
        f"aggregate app.total(integer), grant to {READER}: none -> EXECUTE",
    ),
)
