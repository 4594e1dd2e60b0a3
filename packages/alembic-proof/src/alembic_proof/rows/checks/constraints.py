"""The constraint on one column's value, and the conjunction of two such constraints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TypeVar

T = TypeVar("T")

CLOCK = "now"
"""A bound that is the current time."""


@dataclass(frozen=True, slots=True)
class ValueConstraint:
    """The conditions on the value of one column; by default there are none."""

    one_of: tuple[str, ...] | None = None
    not_in: tuple[str, ...] = ()
    low: str | None = None
    high: str | None = None
    is_low_exclusive: bool = False
    is_high_exclusive: bool = False
    min_length: int = 0
    """Characters of a text, elements of an array."""
    max_length: int | None = None
    regexes: tuple[str, ...] = ()
    like_patterns: tuple[str, ...] = ()
    letter_case: str = ""
    """"upper" or "lower"."""
    json_type: str = ""
    """The result of jsonb_typeof."""
    json_fields: tuple[tuple[str, str | None], ...] = ()
    """Keys and their values; None is any value."""
    array_elements: tuple[str, ...] | None = None
    """The only elements that an array may have."""
    is_null: bool | None = None
    greater_than: tuple[str, ...] = ()
    """Columns of the row whose values are less than this one."""
    equal_to: tuple[str, ...] = ()
    """Columns of the row that have the same value."""


ANY_VALUE = ValueConstraint()

RowConstraints = Mapping[str, ValueConstraint]
"""The constraints of a row by column; a column that is missing may have any value."""


def merge_rows(first: RowConstraints, second: RowConstraints) -> RowConstraints | None:
    """Return the constraints of both, None when they conflict in a column."""
    merged = dict(first)
    for column, constraint in second.items():
        both = merge_values(merged[column], constraint) if column in merged else constraint
        if both is None:
            return None
        merged[column] = both
    return merged


def merge_values(first: ValueConstraint, second: ValueConstraint) -> ValueConstraint | None:
    """Return the conjunction of both, None when no value satisfies it.

    A conflict of bounds, patterns or JSON fields is not detected.
    """
    if None not in (first.is_null, second.is_null) and first.is_null != second.is_null:
        return None
    low, is_low_exclusive = _tighter(_low(first), _low(second), sign=1)
    high, is_high_exclusive = _tighter(_high(first), _high(second), sign=-1)
    merged = ValueConstraint(
        one_of=_intersection(first.one_of, second.one_of),
        not_in=_union(first.not_in, second.not_in),
        min_length=max(first.min_length, second.min_length),
        max_length=_least(first.max_length, second.max_length),
        regexes=_union(first.regexes, second.regexes),
        like_patterns=_union(first.like_patterns, second.like_patterns),
        letter_case=first.letter_case or second.letter_case,
        json_type=first.json_type or second.json_type,
        json_fields=_union(first.json_fields, second.json_fields),
        array_elements=_intersection(first.array_elements, second.array_elements),
        is_null=second.is_null if first.is_null is None else first.is_null,
        greater_than=_union(first.greater_than, second.greater_than),
        equal_to=_union(first.equal_to, second.equal_to),
        low=low,
        high=high,
        is_low_exclusive=is_low_exclusive,
        is_high_exclusive=is_high_exclusive,
    )
    return _satisfiable(merged)


def _satisfiable(merged: ValueConstraint) -> ValueConstraint | None:
    """Return the constraint without values of one_of that not_in excludes, None if none is left."""
    if merged.max_length is not None and merged.min_length > merged.max_length:
        return None
    if merged.one_of is None:
        return merged
    left = tuple(text for text in merged.one_of if text not in merged.not_in)
    return replace(merged, one_of=left) if left else None


Bound = tuple[str | None, bool]
"""The text of a bound, None for no bound, and whether it is exclusive."""


def _low(constraint: ValueConstraint) -> Bound:
    return constraint.low, constraint.is_low_exclusive


def _high(constraint: ValueConstraint) -> Bound:
    return constraint.high, constraint.is_high_exclusive


def _tighter(first: Bound, second: Bound, *, sign: int) -> Bound:
    """Return the greater bound, the lesser one when `sign` is negative."""
    if first[0] is None:
        return second
    if second[0] is None:
        return first
    order = sign * compare_texts(first[0], second[0])
    if order == 0:
        return (first[0], first[1] or second[1])
    return first if order > 0 else second


def compare_texts(first: str, second: str) -> int:
    """Return -1, 0 or 1: compared as numbers, or as timestamps, or as texts."""
    for parse in (parse_number, parse_timestamp):
        one, other = parse(first), parse(second)
        if one is not None and other is not None:
            return (one > other) - (one < other)  # type: ignore[operator]  # both of one type
    return (first > second) - (first < second)


def parse_number(text: str | None) -> Decimal | None:
    """Return the finite number that the text is, None for other texts."""
    try:
        found = Decimal(text or "")
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def parse_timestamp(text: str | None) -> datetime | None:
    """Return the timestamp that the text is, without its time zone; None for other texts."""
    try:
        return datetime.fromisoformat(text or "").replace(tzinfo=None)
    except ValueError:
        return None


def _intersection(
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
