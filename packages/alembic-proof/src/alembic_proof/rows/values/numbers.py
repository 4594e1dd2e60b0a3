"""Numbers: inside the type's and the checks' bounds, with a fraction where there is room."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from alembic_proof.rows.requirement import Requirement, number
from alembic_proof.rows.shape import TypeShape
from alembic_proof.rows.values.palette import Maker, Palette, Request

INTEGERS = {"int2": 2**15, "int4": 2**31, "int8": 2**63}
UNSIGNED = {"oid": 2**32 - 1, "xid": 2**32 - 1, "cid": 2**32 - 1, "xid8": 2**63 - 1}
FINE = {"numeric": Decimal("1E-20"), "float8": Decimal("1E-10")}
"""What ordinary values hold beyond what the next smaller type keeps."""
_FRACTION = Decimal("0.25")
"""Of ordinary values, where there is room for it."""
FEW = 64
"""A span with fewer whole numbers than this is cut into fractions."""


@dataclass(frozen=True, slots=True)
class Span:
    """What a type can hold, and the distance of two neighbours."""

    low: Decimal
    high: Decimal
    step: Decimal


def make_number(request: Request) -> Palette:
    """Numbers that rise by one, or by less where the bounds are narrow."""
    span = span_of(request.type, request.requirement)
    start, unit = _start(span, request.requirement)
    room = max(int((span.high - start) / unit), 1)
    fine = _fine(request, span)

    def series(n: int) -> str:
        return _text(start + unit * (n % room) + fine, span.step)

    edges = [Decimal(0), Decimal(-1), span.high, span.low]
    kept = dict.fromkeys(
        _text(edge, span.step)
        for edge in edges
        if span.low <= edge <= span.high
        and _text(edge, span.step) not in request.requirement.not_in
    )
    near = len(kept.keys() & {_text(edge, span.step) for edge in edges[:2]})
    count = room if room < 1000 else None
    return Palette(series, tuple(kept), near=near, count=count, is_rising=True)


def _fine(request: Request, span: Span) -> Decimal:
    """What is added to ordinary values: their last digit, nothing where checks bind them."""
    asked = request.requirement
    if asked.low is not None or asked.high is not None:
        return Decimal(0)
    if request.type.modifier >= 4:
        return span.step if span.step < Decimal("0.01") else Decimal(0)
    return FINE.get(request.type.name, Decimal(0))


def span_of(shape: TypeShape, requirement: Requirement) -> Span:
    """What the type can hold and the requirement allows."""
    return _narrowed(_span(shape), requirement)


def _span(shape: TypeShape) -> Span:
    one = Decimal(1)
    if shape.name in INTEGERS:
        limit = Decimal(INTEGERS[shape.name])
        return Span(-limit, limit - 1, one)
    if shape.name in UNSIGNED:
        return Span(Decimal(0), Decimal(UNSIGNED[shape.name]), one)
    if shape.name == "numeric" and shape.modifier >= 4:
        precision, scale = numeric_modifier(shape.modifier)
        # Digit by digit: arithmetic would round at 28 of them.
        high = Decimal((0, (9,) * precision, -scale))
        return Span(-high, high, one.scaleb(-scale))
    if shape.name == "money":
        return Span(Decimal(-(10**9)), Decimal(10**9), Decimal("0.01"))
    limit = Decimal(10**6) if shape.name == "float4" else Decimal(10**12)
    return Span(-limit, limit, Decimal("0.0625"))


def numeric_modifier(modifier: int) -> tuple[int, int]:
    """Precision and scale, which may be negative.

    Source: https://www.postgresql.org/docs/current/datatype-numeric.html
    """
    packed = modifier - 4
    scale = ((packed & 0x7FF) ^ 1024) - 1024
    return (packed >> 16) & 0xFFFF, scale


def _narrowed(span: Span, requirement: Requirement) -> Span:
    low, high = number(requirement.low), number(requirement.high)
    least, most = span.low, span.high
    if low is not None:
        least = max(least, _rounded(low, span.step, is_open=requirement.is_low_open, sign=1))
    if high is not None:
        most = min(most, _rounded(high, span.step, is_open=requirement.is_high_open, sign=-1))
    return Span(least, max(least, most), span.step)


def _rounded(bound: Decimal, step: Decimal, *, is_open: bool, sign: int) -> Decimal:
    """The nearest value of the type that is inside the bound."""
    steps = bound / step
    whole = steps.to_integral_value("ROUND_CEILING" if sign > 0 else "ROUND_FLOOR")
    if is_open and whole == steps:
        whole += sign
    return whole * step


def _start(span: Span, requirement: Requirement) -> tuple[Decimal, Decimal]:
    """The first ordinary value and the distance to the next."""
    width = span.high - span.low
    if width < FEW and span.step < 1:
        unit = max((width / FEW // span.step) * span.step, span.step)
        return min(span.low + unit, span.high), unit
    one = max(Decimal(1), span.step)
    if span.low > 0 or number(requirement.low) is not None:
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


MAKERS: dict[str, Maker] = dict.fromkeys(
    (*INTEGERS, *UNSIGNED, "numeric", "money", "float4", "float8"), make_number
)
