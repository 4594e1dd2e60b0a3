"""Create and alter operators, operator families, aggregates and casts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from alembic_proof.authoring.ddl.reference import Alteration
from alembic_proof.catalog.model import Catalog, CatalogObject

_AGGREGATE = {
    "state function": "SFUNC",
    "state type": "STYPE",
    "state size": "SSPACE",
    "final function": "FINALFUNC",
    "combine function": "COMBINEFUNC",
    "serialize function": "SERIALFUNC",
    "deserialize function": "DESERIALFUNC",
    "initial value": "INITCOND",
    "moving state function": "MSFUNC",
    "moving inverse function": "MINVFUNC",
    "moving state type": "MSTYPE",
    "moving state size": "MSSPACE",
    "moving final function": "MFINALFUNC",
    "moving initial value": "MINITCOND",
    "parallel": "PARALLEL",
}
_OPERATOR = {
    "function": "FUNCTION",
    "left type": "LEFTARG",
    "right type": "RIGHTARG",
    "commutator": "COMMUTATOR",
    "negator": "NEGATOR",
    "restriction": "RESTRICT",
    "join": "JOIN",
}


def create_aggregate(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE AGGREGATE."""
    parts = list(_parameters(record, _AGGREGATE))
    flags = {
        "final function gets all arguments": "FINALFUNC_EXTRA",
        "moving final function gets all arguments": "MFINALFUNC_EXTRA",
    }
    parts += [word for name, word in flags.items() if record.fact(name)]
    parts += [
        f"{word} = {text}"
        for name, word in (
            ("final function modifies", "FINALFUNC_MODIFY"),
            ("moving final function modifies", "MFINALFUNC_MODIFY"),
        )
        if (text := record.fact(name)) is not None
    ]
    if record.fact("kind") == "hypothetical":
        parts.append("HYPOTHETICAL")
    if (sort := record.fact("sort operator")) is not None:
        parts.append(f"SORTOP = {_operator(sort)}")
    name, _, _ = record.identity.partition("(")
    return f"CREATE AGGREGATE {name}({record.fact('arguments') or '*'}) ({', '.join(parts)})"


def create_operator(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE OPERATOR."""
    name, _, _ = record.identity.partition("(")
    parts = [
        f"{_OPERATOR[key]} = {_operator(text) if key in ('commutator', 'negator') else text}"
        for key in _OPERATOR
        if (text := record.fact(key)) is not None
    ]
    parts += [
        word for key, word in (("merges", "MERGES"), ("hashes", "HASHES")) if record.fact(key)
    ]
    return f"CREATE OPERATOR {name} ({', '.join(parts)})"


def _operator(text: str) -> str:
    """Return `OPERATOR(public.=)` for `public.=(integer,integer)`."""
    name, _, _ = text.partition("(")
    return f"OPERATOR({name if '.' in name else f'pg_catalog.{name}'})"


def create_cast(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE CAST."""
    match record.fact("method"):
        case "in and out":
            how = "WITH INOUT"
        case "binary":
            how = "WITHOUT FUNCTION"
        case _:
            how = f"WITH FUNCTION {record.fact('function')}"
    context = record.fact("context")
    when = "" if context == "explicit" else f" AS {(context or '').upper()}"
    return f"CREATE CAST {record.identity} {how}{when}"


def create_operator_family(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE OPERATOR FAMILY, without its operators and functions."""
    return f"CREATE OPERATOR FAMILY {record.identity}"


_MEMBER = re.compile(r"(?P<number>\d+) (?P<name>.+?)\((?P<types>.*?)\)(?:, (?=\d)|$)")


def alter_family(at: Alteration) -> tuple[str, ...]:
    """Return ALTER OPERATOR FAMILY with DROP and ADD.

    A function belongs to the types of its arguments: PostgreSQL's default for all but a few of
    PostgreSQL's own. Source: sql-alteropfamily.
    """
    word = "OPERATOR" if at.attribute == "operators" else "FUNCTION"
    old, new = _members(at.before), _members(at.after)
    head = f"ALTER OPERATOR FAMILY {at.record.identity}"
    dropped = [
        f"{word} {number} ({types})" for number, _, types in old if (number, _, types) not in new
    ]
    added = [
        f"{word} {number} {name}({types})"
        for number, name, types in new
        if (number, name, types) not in old
    ]
    return tuple(
        f"{head} {verb} {', '.join(members)}"
        for verb, members in (("DROP", dropped), ("ADD", added))
        if members
    )


def _members(text: str | None) -> list[tuple[str, str, str]]:
    """Return number, name and types of each, for `1 <(integer,integer), 3 app.=(integer,integer)`."""
    return [(one["number"], one["name"], one["types"]) for one in _MEMBER.finditer(text or "")]


def _parameters(record: CatalogObject, words: dict[str, str]) -> Iterator[str]:
    """Yield `WORD = value` for each attribute that the object has."""
    for name, word in words.items():
        if (text := record.fact(name)) is not None:
            yield f"{word} = {text}"
