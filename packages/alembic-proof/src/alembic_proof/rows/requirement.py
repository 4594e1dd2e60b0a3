"""What one column's value has to be, as far as the definitions say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TypeVar

T = TypeVar("T")

CLOCK = "now"
"""A bound that is the present moment."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """Everything that is asked of one column's value; nothing by default."""

    one_of: tuple[str, ...] | None = None
    not_in: tuple[str, ...] = ()
    low: str | None = None
    high: str | None = None
    is_low_open: bool = False
    is_high_open: bool = False
    shortest: int = 0
    """Characters of a text, elements of an array."""
    longest: int | None = None
    patterns: tuple[str, ...] = ()
    """Regular expressions."""
    likes: tuple[str, ...] = ()
    case: str = ""
    """"upper" or "lower"."""
    json_kind: str = ""
    """What jsonb_typeof says."""
    json_fields: tuple[tuple[str, str | None], ...] = ()
    """(key, value); None is any value."""
    elements: tuple[str, ...] | None = None
    """What an array may hold."""
    is_null: bool | None = None
    above: tuple[str, ...] = ()
    """Columns whose values are less than this one's."""
    equal: tuple[str, ...] = ()
    """Columns that have the same value."""


NOTHING = Requirement()
"""Any value will do."""

Demands = Mapping[str, Requirement]
"""What is asked of each column; a column that is missing may be anything."""


def merge(first: Requirement, second: Requirement) -> Requirement | None:
    """What satisfies both, None when nothing can."""
    if None not in (first.is_null, second.is_null) and first.is_null != second.is_null:
        return None
    low, is_low_open = _tighter(_low(first), _low(second), sign=1)
    high, is_high_open = _tighter(_high(first), _high(second), sign=-1)
    merged = Requirement(
        one_of=_common(first.one_of, second.one_of),
        not_in=_union(first.not_in, second.not_in),
        shortest=max(first.shortest, second.shortest),
        longest=_least(first.longest, second.longest),
        patterns=_union(first.patterns, second.patterns),
        likes=_union(first.likes, second.likes),
        case=first.case or second.case,
        json_kind=first.json_kind or second.json_kind,
        json_fields=_union(first.json_fields, second.json_fields),
        elements=_common(first.elements, second.elements),
        is_null=second.is_null if first.is_null is None else first.is_null,
        above=_union(first.above, second.above),
        equal=_union(first.equal, second.equal),
        low=low,
        high=high,
        is_low_open=is_low_open,
        is_high_open=is_high_open,
    )
    return _narrowed(merged)


def _narrowed(merged: Requirement) -> Requirement | None:
    """Without the values that another part of it refuses; None when none is left."""
    if merged.longest is not None and merged.shortest > merged.longest:
        return None
    if merged.one_of is None:
        return merged
    left = tuple(text for text in merged.one_of if text not in merged.not_in)
    return replace(merged, one_of=left) if left else None


def merge_demands(first: Demands, second: Demands) -> Demands | None:
    """What satisfies both for every column, None when nothing can."""
    merged = dict(first)
    for column, requirement in second.items():
        if column not in merged:
            merged[column] = requirement
            continue
        both = merge(merged[column], requirement)
        if both is None:
            return None
        merged[column] = both
    return merged


Bound = tuple[str | None, bool]


def _low(requirement: Requirement) -> Bound:
    return requirement.low, requirement.is_low_open


def _high(requirement: Requirement) -> Bound:
    return requirement.high, requirement.is_high_open


def _tighter(first: Bound, second: Bound, *, sign: int) -> Bound:
    if first[0] is None:
        return second
    if second[0] is None:
        return first
    order = sign * compare(first[0], second[0])
    if order == 0:
        return (first[0], first[1] or second[1])
    return first if order > 0 else second


def compare(first: str, second: str) -> int:
    """-1, 0 or 1: as numbers, else as times, else as texts."""
    for read in (number, moment):
        one, other = read(first), read(second)
        if one is not None and other is not None:
            return (one > other) - (one < other)  # type: ignore[operator]  # both of one kind
    return (first > second) - (first < second)


def number(text: str | None) -> Decimal | None:
    """The finite number that the text is, None for none."""
    try:
        found = Decimal(text or "")
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def moment(text: str | None) -> datetime | None:
    """The time, without its zone, that the text is, None for none."""
    try:
        return datetime.fromisoformat(text or "").replace(tzinfo=None)
    except ValueError:
        return None


def _common(
    first: tuple[str, ...] | None, second: tuple[str, ...] | None
) -> tuple[str, ...] | None:
    if first is None or second is None:
        return second if first is None else first
    return tuple(text for text in first if text in second)


def _union(first: tuple[T, ...], second: tuple[T, ...]) -> tuple[T, ...]:
    return first + tuple(one for one in second if one not in first)


def _least(first: int | None, second: int | None) -> int | None:
    if first is None or second is None:
        return second if first is None else first
    return min(first, second)
