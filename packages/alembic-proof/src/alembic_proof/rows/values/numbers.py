"""Numbers within the bounds of their type and CHECKs, with a fraction where there is room."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from alembic_proof.rows.checks.constraints import ValueConstraint, parse_number
from alembic_proof.rows.schema import TypeInfo
from alembic_proof.rows.values.source import SourceFactory, ValueRequest, ValueSource

INTEGERS = {"int2": 2**15, "int4": 2**31, "int8": 2**63}
UNSIGNED = {"oid": 2**32 - 1, "xid": 2**32 - 1, "cid": 2**32 - 1, "xid8": 2**63 - 1}
FINE = {"numeric": Decimal("1E-20"), "float8": Decimal("1E-10")}
"""Added to typical values: a digit that the next smaller type would lose."""
_FRACTION = Decimal("0.25")
"""The fraction of typical values, where there is room for it."""
FEW = 64
"""A span with fewer whole numbers is divided into fractions."""


@dataclass(frozen=True, slots=True)
class Span:
    """The range of a type, and the distance of two neighbouring values."""

    low: Decimal
    high: Decimal
    step: Decimal


def number_source(request: ValueRequest) -> ValueSource:
    """Return numbers that increase by one, or by less where the bounds are narrow."""
    span = span_of(request.type, request.constraint)
    start, unit = _start(span, request.constraint)
    room = max(int((span.high - start) / unit), 1)
    fine = _fine(request, span)

    def typical(n: int) -> str:
        return _text(start + unit * (n % room) + fine, span.step)

    edges = [Decimal(0), Decimal(-1), span.high, span.low]
    kept = dict.fromkeys(
        _text(edge, span.step)
        for edge in edges
        if span.low <= edge <= span.high and _text(edge, span.step) not in request.constraint.not_in
    )
    near = len(kept.keys() & {_text(edge, span.step) for edge in edges[:2]})
    count = room if room < 1000 else None
    return ValueSource(typical, tuple(kept), trivial_count=near, count=count, is_increasing=True)


def _fine(request: ValueRequest, span: Span) -> Decimal:
    """Return what is added to typical values: their last digit, 0 where a CHECK bounds them."""
    constraint = request.constraint
    if constraint.low is not None or constraint.high is not None:
        return Decimal(0)
    if request.type.modifier >= 4:
        return span.step if span.step < Decimal("0.01") else Decimal(0)
    return FINE.get(request.type.name, Decimal(0))


def span_of(type_info: TypeInfo, constraint: ValueConstraint) -> Span:
    """Return the range that the type can store and the constraint allows."""
    return _narrowed(_span(type_info), constraint)


def _span(type_info: TypeInfo) -> Span:
    one = Decimal(1)
    if type_info.name in INTEGERS:
        limit = Decimal(INTEGERS[type_info.name])
        return Span(-limit, limit - 1, one)
    if type_info.name in UNSIGNED:
        return Span(Decimal(0), Decimal(UNSIGNED[type_info.name]), one)
    if type_info.name == "numeric" and type_info.modifier >= 4:
        precision, scale = numeric_modifier(type_info.modifier)
        # Arithmetic would round to 28 digits.
        high = Decimal((0, (9,) * precision, -scale))
        return Span(-high, high, one.scaleb(-scale))
    if type_info.name == "money":
        return Span(Decimal(-(10**9)), Decimal(10**9), Decimal("0.01"))
    limit = Decimal(10**6) if type_info.name == "float4" else Decimal(10**12)
    return Span(-limit, limit, Decimal("0.0625"))


def is_unlimited(type_info: TypeInfo) -> bool:
    """Return whether the type has numbers of any size, as far as other types can tell."""
    is_bare = type_info.name == "numeric" and type_info.modifier < 0
    return is_bare or type_info.name in ("float4", "float8")


def numeric_modifier(modifier: int) -> tuple[int, int]:
    """Return precision and scale, which may be negative.

    Source: datatype-numeric, "Arbitrary Precision Numbers".
    """
    packed = modifier - 4
    scale = ((packed & 0x7FF) ^ 1024) - 1024
    return (packed >> 16) & 0xFFFF, scale


def _narrowed(span: Span, constraint: ValueConstraint) -> Span:
    low, high = parse_number(constraint.low), parse_number(constraint.high)
    least, most = span.low, span.high
    if low is not None:
        least = max(least, _rounded(low, span.step, is_open=constraint.is_low_exclusive, sign=1))
    if high is not None:
        most = min(most, _rounded(high, span.step, is_open=constraint.is_high_exclusive, sign=-1))
    return Span(least, max(least, most), span.step)


def _rounded(bound: Decimal, step: Decimal, *, is_open: bool, sign: int) -> Decimal:
    """Return the nearest value of the type within the bound."""
    steps = bound / step
    whole = steps.to_integral_value("ROUND_CEILING" if sign > 0 else "ROUND_FLOOR")
    if is_open and whole == steps:
        whole += sign
    return whole * step


def _start(span: Span, constraint: ValueConstraint) -> tuple[Decimal, Decimal]:
    """Return the first typical value and the distance to the next."""
    width = span.high - span.low
    if width < FEW and span.step < 1:
        unit = max((width / FEW // span.step) * span.step, span.step)
        return min(span.low + unit, span.high), unit
    one = max(Decimal(1), span.step)
    if span.low > 0 or parse_number(constraint.low) is not None:
        start = span.low + (one if span.low == 0 else 0)
    elif span.high <= one:
        start = max(span.low, span.high - 1000 * one)
    else:
        start = one
    fraction = _FRACTION if span.step <= _FRACTION else Decimal(0)
    if fraction % span.step:
        fraction = span.step
    return (start + fraction if start + fraction <= span.high else start), one


def _text(value: Decimal, step: Decimal) -> str:
    if step >= 1:
        return str(int(value))
    return f"{value.normalize():f}" if value else "0"


SOURCE_FACTORIES: dict[str, SourceFactory] = dict.fromkeys(
    (*INTEGERS, *UNSIGNED, "numeric", "money", "float4", "float8"), number_source
)
