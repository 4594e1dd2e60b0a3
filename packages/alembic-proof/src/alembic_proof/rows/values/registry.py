"""Find the values of a type: by its name, then by its kind, else by guessing."""

from __future__ import annotations

from dataclasses import replace

from alembic_proof.rows.checks.constraints import ValueConstraint
from alembic_proof.rows.schema import TypeInfo, TypeKind
from alembic_proof.rows.values import documents, numbers, other_types, temporal, text
from alembic_proof.rows.values.source import (
    SourceFactory,
    ValueRequest,
    ValueSource,
    array_text,
    choice_source,
    composite_text,
)

_FACTORIES: dict[str, SourceFactory] = {
    **numbers.SOURCE_FACTORIES,
    **text.SOURCE_FACTORIES,
    **temporal.SOURCE_FACTORIES,
    **documents.SOURCE_FACTORIES,
    **other_types.SOURCE_FACTORIES,
}
GUESSES = ("1", "", "a", "{}", "0", "(0,0)", "[1,2)", "a.b", "[1,2,3]", "2021-03-04", "a=>1", "()")
"""Texts that some type of an extension may accept."""
_REPLACEMENT_DISTANCE = 101
"""How far ahead the typical value is that replaces an unwanted one."""


def value_source(request: ValueRequest) -> ValueSource:
    """Return the type's values that the constraint allows; the default is no typical value."""
    request = replace(request, type=request.type.base)
    constraint = request.constraint
    if constraint.one_of is not None:
        return choice_source(_allowed(constraint.one_of, constraint), default=request.default)
    return _without_unwanted(_unrestricted(request), request)


def is_known(type_info: TypeInfo) -> bool:
    """Return whether the type's values are known, so that none is guessed."""
    base = type_info.base
    if base.kind is TypeKind.ENUM:
        return bool(base.labels)
    return base.kind is not TypeKind.BASE or base.name in _FACTORIES or base.category == "S"


def _unrestricted(request: ValueRequest) -> ValueSource:
    type_info = request.type
    match type_info.kind:
        case TypeKind.ENUM if type_info.labels:
            labels = _allowed(type_info.labels, request.constraint)
            return choice_source(labels or type_info.labels, default=request.default)
        case TypeKind.ARRAY:
            return _array_source(request)
        case TypeKind.RANGE:
            return _range_source(request)
        case TypeKind.MULTIRANGE:
            return _multirange_source(request)
        case TypeKind.COMPOSITE:
            return _composite_source(request)
    if type_info.name in _FACTORIES:
        return _FACTORIES[type_info.name](request)
    if type_info.category == "S":
        return text.text_source(request)
    return ValueSource(lambda n: GUESSES[n % len(GUESSES)], count=len(GUESSES))


def _allowed(values: tuple[str, ...], constraint: ValueConstraint) -> tuple[str, ...]:
    return tuple(value for value in values if value not in constraint.not_in)


def _without_unwanted(source: ValueSource, request: ValueRequest) -> ValueSource:
    """Return the values without those that the constraint forbids, and without the default."""
    unwanted = {*request.constraint.not_in, request.default}
    if source.count is not None or unwanted == {None}:
        return source

    def typical(n: int) -> str:
        value = source.typical(n)
        return source.typical(n + _REPLACEMENT_DISTANCE) if value in unwanted else value

    allowed = _allowed(source.boundary_values, request.constraint)
    return replace(source, typical=typical, boundary_values=allowed)


def _array_source(request: ValueRequest) -> ValueSource:
    constraint = request.constraint
    element = request.type.part or TypeInfo("pg_catalog", "text", TypeKind.BASE)
    elements = constraint.array_elements
    inner = value_source(
        request.of(element, ValueConstraint(one_of=elements) if elements else None)
    )
    min_size = max(constraint.min_length, 1)
    is_bounded = constraint.max_length is not None
    size = min_size if is_bounded else max(min_size, 2)
    delimiter = ";" if element.base.name == "box" else ","

    def typical(n: int) -> str:
        return array_text((inner.typical(n * size + i) for i in range(size)), delimiter=delimiter)

    boundary_values = [] if constraint.min_length else ["{}"]
    if not is_bounded:
        elements = (*inner.boundary_values, inner.typical(0))
        boundary_values.append(array_text(elements, delimiter=delimiter))
    return ValueSource(typical, tuple(boundary_values))


def _range_source(request: ValueRequest) -> ValueSource:
    part = request.type.part or TypeInfo("pg_catalog", "int4", TypeKind.BASE)
    inner = value_source(request.of(part))

    def typical(n: int) -> str:
        low = inner.typical(2 * n)
        high = inner.typical(2 * n + 1) if inner.is_increasing else low
        end = ")" if inner.is_increasing else "]"
        return f'["{low}","{high}"{end}'

    return ValueSource(typical, () if request.constraint.min_length else ("empty", "(,)"))


def _multirange_source(request: ValueRequest) -> ValueSource:
    part = request.type.part or TypeInfo("pg_catalog", "int4range", TypeKind.RANGE)
    inner = _range_source(request.of(part))

    def typical(n: int) -> str:
        return "{" + inner.typical(2 * n) + "," + inner.typical(2 * n + 1) + "}"

    return ValueSource(typical, () if request.constraint.min_length else ("{}", "{(,)}"))


def _composite_source(request: ValueRequest) -> ValueSource:
    fields = tuple(value_source(request.of(field)) for field in request.type.fields)

    def typical(n: int) -> str:
        return composite_text(field.typical(n) for field in fields)

    nulls = (composite_text(None for _ in fields),) if len(fields) > 1 else ()
    return ValueSource(typical, nulls)
