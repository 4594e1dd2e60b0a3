"""Finds the values of any type: by its name, then by its family, then by guessing."""

from __future__ import annotations

from dataclasses import replace

from alembic_proof.rows.literal import array_text, composite_text
from alembic_proof.rows.requirement import Requirement
from alembic_proof.rows.shape import Family, TypeShape
from alembic_proof.rows.values import documents, numbers, places, temporal, texts
from alembic_proof.rows.values.palette import Maker, Palette, Request, choice

MAKERS: dict[str, Maker] = {
    **numbers.MAKERS,
    **texts.MAKERS,
    **temporal.MAKERS,
    **documents.MAKERS,
    **places.MAKERS,
}
GUESSES = ("1", "", "a", "{}", "0", "(0,0)", "[1,2)", "a.b", "[1,2,3]", "2021-03-04", "a=>1", "()")
LATER = 101
"""How far ahead the value is taken from that replaces one that is not wanted."""


def palette(request: Request) -> Palette:
    """The values of the type that the requirement allows; the default is not among the series."""
    request = replace(request, type=request.type.base)
    requirement = request.requirement
    if requirement.one_of is not None:
        return choice(_allowed(requirement.one_of, requirement), default=request.default)
    return _without(_typed(request), request)


def is_known(shape: TypeShape) -> bool:
    """Whether values of the type are made and not guessed."""
    base = shape.base
    if base.family is Family.ENUM:
        return bool(base.labels)
    return base.family is not Family.BASE or base.name in MAKERS or base.category == "S"


def _typed(request: Request) -> Palette:
    shape = request.type
    match shape.family:
        case Family.ENUM if shape.labels:
            labels = _allowed(shape.labels, request.requirement)
            return choice(labels or shape.labels, default=request.default)
        case Family.ARRAY:
            return _array(request)
        case Family.RANGE:
            return _range(request)
        case Family.MULTIRANGE:
            return _multirange(request)
        case Family.COMPOSITE:
            return _composite(request)
    if shape.name in MAKERS:
        return MAKERS[shape.name](request)
    if shape.category == "S":
        return texts.make_text(request)
    return Palette(lambda n: GUESSES[n % len(GUESSES)], count=len(GUESSES), is_guess=True)


def _allowed(texts_: tuple[str, ...], requirement: Requirement) -> tuple[str, ...]:
    return tuple(text for text in texts_ if text not in requirement.not_in)


def _without(found: Palette, request: Request) -> Palette:
    """Without the values that the requirement refuses, and without the default."""
    unwanted = {*request.requirement.not_in, request.default}
    if found.count is not None or unwanted == {None}:
        return found

    def series(n: int) -> str:
        text = found.series(n)
        return found.series(n + LATER) if text in unwanted else text

    edges = tuple(edge for edge in found.edges if edge not in request.requirement.not_in)
    return replace(found, series=series, edges=edges)


def _array(request: Request) -> Palette:
    requirement = request.requirement
    element = request.type.part or TypeShape("pg_catalog", "text", Family.BASE)
    asked = Requirement(one_of=requirement.elements) if requirement.elements else None
    inner = palette(request.of(element, asked))
    least = max(requirement.shortest, 1)
    size = max(least, 2) if requirement.longest is None else least

    delimiter = ";" if element.base.name == "box" else ","

    def series(n: int) -> str:
        texts = (inner.series(n * size + i) for i in range(size))
        return array_text(texts, delimiter=delimiter)

    empty = () if requirement.shortest else ("{}",)
    full = (
        (array_text([*inner.edges, inner.series(0)], delimiter=delimiter),)
        if requirement.longest is None
        else ()
    )
    return Palette(series, (*empty, *full))


def _range(request: Request) -> Palette:
    part = request.type.part or TypeShape("pg_catalog", "int4", Family.BASE)
    inner = palette(request.of(part))

    def series(n: int) -> str:
        low = inner.series(2 * n)
        high = inner.series(2 * n + 1) if inner.is_rising else low
        end = ")" if inner.is_rising else "]"
        return f'["{low}","{high}"{end}'

    return Palette(series, () if request.requirement.shortest else ("empty", "(,)"))


def _multirange(request: Request) -> Palette:
    part = request.type.part or TypeShape("pg_catalog", "int4range", Family.RANGE)
    inner = _range(request.of(part))

    def series(n: int) -> str:
        return "{" + inner.series(2 * n) + "," + inner.series(2 * n + 1) + "}"

    return Palette(series, () if request.requirement.shortest else ("{}", "{(,)}"))


def _composite(request: Request) -> Palette:
    inner = tuple(palette(request.of(field)) for field in request.type.fields)

    def series(n: int) -> str:
        return composite_text(field.series(n) for field in inner)

    return Palette(series, (composite_text(None for _ in inner),) if len(inner) > 1 else ())


__all__ = ["GUESSES", "MAKERS", "palette"]
